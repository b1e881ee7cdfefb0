import { expect } from 'chai';
import type { ProblemError } from '../../../src/contract/problem.ts';
import type { Refund } from '../../../src/contract/refunds.ts';
import { decideRefund } from '../../../src/core/orders/decide-refund.ts';
import type { Order } from '../../../src/core/orders/order.entity.ts';
import type { Payment } from '../../../src/core/payments/payment.entity.ts';
import { settingsOf } from '../../../src/core/shops/settings.ts';

type Asked = Parameters<typeof decideRefund>[2];
type Share = [method: string, amount: string, tip?: string];

const minor = (amount: string) => Math.round(Number(amount) * 100);
const amountOf = (amountMinor: number) => (amountMinor / 100).toFixed(2);

/** An order that is paid as it says, of which `goods` come back; cash in steps of 0.05 unless it says otherwise. */
type Case = {
  total: string;
  paid: Share[];
  before?: Share[];
  goods: string;
  asked: Omit<Asked, 'payments'> & { payments?: [method: string, amount?: string][] };
  isLast?: boolean;
  isOwed?: boolean;
  step?: '0.05' | 'none';
};

const none = { totalMinor: 0, roundingMinor: 0, refundedMinor: 0 };

function refund({
  total,
  paid,
  before = [],
  goods,
  asked,
  isLast = true,
  isOwed = false,
  step = '0.05',
}: Case) {
  const rounding = { to: step, when: 'cash', mode: 'nearest' } as const;
  const settings = settingsOf({ currency: 'INR', settings: { rounding }, dayStart: '00:00' });
  const payments = paid.map(([method, amount, tip = '0']) => ({
    kind: 'payment',
    method,
    amountMinor: minor(amount),
    tipMinor: minor(tip),
    roundingMinor: 0,
    cashStepMinor: null,
  })) as Payment[];
  const shares = before.map(([method, amount]) => ({ method, amount, tip: '0.00' }));
  const paidOut = amountOf(before.reduce((sum, [, amount]) => sum + minor(amount), 0));
  const refunds = (before.length > 0 ? [{ payments: shares, total: paidOut, paidOut }] : []) as Refund[];
  const order = {
    ...none,
    totalMinor: minor(total),
    refundedMinor: minor(paidOut),
    paymentStatus: isOwed ? 'partial' : 'completed',
  };
  const priced = { lines: [], taxMinor: 0, roundingMinor: 0, totalMinor: minor(goods) };
  const named = asked.payments?.map(([method, amount]) => ({
    method,
    ...(amount && { amount: minor(amount) }),
  }));
  const request = { ...asked, ...(named && { payments: named }) } as Asked;
  return decideRefund(priced, { order: order as Order, payments, refunds, settings }, request, isLast);
}

const shown = (given: Case) =>
  refund(given).payments.map(({ method, amountMinor, tipMinor }) =>
    [method, amountOf(amountMinor), ...(tipMinor ? [amountOf(tipMinor)] : [])].join(' '),
  );

function refusalOf(given: Case): string {
  try {
    refund(given);
  } catch (error) {
    const { errors, detail } = error as ProblemError;
    return `${errors?.[0]?.pointer}: ${detail}`;
  }
  throw new Error('Nothing was refused.');
}

const split: Pick<Case, 'total' | 'paid' | 'goods'> = {
  total: '100.00',
  paid: [
    ['card', '60.00'],
    ['cash', '40.00'],
  ],
  goods: '100.00',
};

describe('how the money of a refund goes back', () => {
  // What is asked for → what goes back by each method.
  const cases: [name: string, given: Case, back: string[]][] = [
    [
      'all of it as it came',
      {
        ...split,
        asked: {
          payments: [
            ['card', '60'],
            ['cash', '40'],
          ],
        },
      },
      ['card 60.00', 'cash 40.00'],
    ],
    [
      'one takes the rest',
      { ...split, asked: { payments: [['cash', '40'], ['card']] } },
      ['cash 40.00', 'card 60.00'],
    ],
    [
      'a part by two',
      {
        ...split,
        goods: '50.00',
        isLast: false,
        asked: {
          payments: [
            ['card', '30'],
            ['cash', '20'],
          ],
        },
      },
      ['card 30.00', 'cash 20.00'],
    ],
    [
      'a part by one of two',
      { ...split, goods: '40.00', isLast: false, asked: { payments: [['cash']] } },
      ['cash 40.00'],
    ],
    [
      'another way, when somebody says so',
      {
        ...split,
        asked: {
          anyMethod: true,
          payments: [
            ['upi', '70'],
            ['cash', '30'],
          ],
        },
      },
      ['upi 70.00', 'cash 30.00'],
    ],
    ['by one method that is named alone, as before', { ...split, asked: { method: 'upi' } }, ['upi 100.00']],
    [
      'what the card leaves in coins',
      {
        ...split,
        goods: '24.98',
        isLast: false,
        asked: {
          payments: [
            ['card', '10.00'],
            ['cash', '15.00'],
          ],
        },
      },
      ['card 10.00', 'cash 15.00'],
    ],
    [
      'what the card leaves, named to the paisa',
      {
        ...split,
        goods: '24.98',
        isLast: false,
        asked: {
          payments: [
            ['card', '10.00'],
            ['cash', '14.98'],
          ],
        },
      },
      ['card 10.00', 'cash 15.00'],
    ],
    [
      'what coins leave, by card to the paisa',
      { ...split, goods: '24.98', isLast: false, asked: { payments: [['cash', '10.00'], ['card']] } },
      ['cash 10.00', 'card 14.98'],
    ],
    [
      'of an order that is owed, only what was paid above the rest',
      {
        total: '100.00',
        paid: [
          ['card', '40.00'],
          ['cash', '30.00'],
        ],
        goods: '50.00',
        isOwed: true,
        isLast: false,
        asked: {
          payments: [
            ['card', '5'],
            ['cash', '15'],
          ],
        },
      },
      ['card 5.00', 'cash 15.00'],
    ],
    [
      'of what is owed, nothing',
      { total: '100.00', paid: [['cash', '10.00']], goods: '50.00', isOwed: true, isLast: false, asked: {} },
      [],
    ],
  ];
  for (const [name, given, back] of cases) {
    it(name, () => {
      const decided = refund(given);
      expect(shown(given)).to.deep.equal(back);
      expect(decided.paidOutMinor).to.equal(
        decided.payments.reduce((sum, each) => sum + each.amountMinor, 0),
      );
      expect(decided.method === 'split').to.equal(back.length > 1);
    });
  }

  it('asks for no method where no money goes back, as its refusal says', () => {
    const paid: Share[] = [
      ['card', '10.00'],
      ['cash', '10.00'],
    ];
    const owed = { total: '100.00', paid, goods: '50.00', isOwed: true, isLast: false } as const;
    expect(refusalOf({ ...owed, asked: { payments: [['card', '10']] } })).to.include('Leave payments out.');
    const decided = refund({ ...owed, asked: {} });
    expect(decided).to.deep.include({ method: 'other', payments: [], paidOutMinor: 0, totalMinor: 5000 });
  });

  it('says whether a method gives back more than was paid by it, for that has to be approved', () => {
    const beyond = (asked: Case['asked']) => refund({ ...split, asked }).isBeyondPaid;
    const payments: Case['asked']['payments'] = [['card', '60'], ['cash']];
    expect(beyond({ payments })).to.equal(false);
    expect(beyond({ payments, anyMethod: true })).to.equal(false);
    expect(beyond({ payments: [['card', '50'], ['cash']], anyMethod: true })).to.equal(true);
    const asked = { withTip: true, anyMethod: true, payments: [['cash']] } satisfies Case['asked'];
    expect(refund({ goods: '0', total: '0', paid: [['card', '0', '5']], asked })).to.deep.include({
      isBeyondPaid: true,
      payments: [{ method: 'cash', amountMinor: 0, tipMinor: 500 }],
    });
    expect(beyond({ method: 'upi' }), 'the one method is not held to it').to.equal(false);
  });

  it('puts the difference of the coins into its rounding, and keeps their step', () => {
    const decided = refund({
      ...split,
      goods: '24.98',
      isLast: false,
      asked: { payments: [['card', '10'], ['cash']] },
    });
    expect(decided).to.include({ totalMinor: 2500, roundingMinor: 2, cashStepMinor: 5 });
    const byCard = refund({ ...split, goods: '24.98', isLast: false, asked: { payments: [['card']] } });
    expect(byCard).to.include({ totalMinor: 2498, roundingMinor: 0, cashStepMinor: null });
  });

  // What is asked for → what the refusal says.
  const refusals: [name: string, given: Case, says: string][] = [
    [
      'more by one than was paid by it',
      {
        ...split,
        asked: {
          payments: [
            ['card', '50'],
            ['cash', '50'],
          ],
        },
      },
      '/payments/1/amount: 50.00 by cash is more than was paid by it and not given back. Still to go back: card 60.00, cash 40.00. Send anyMethod',
    ],
    [
      'more than is left after what went back',
      {
        ...split,
        before: [['cash', '30.00']],
        goods: '70.00',
        asked: {
          payments: [
            ['card', '50'],
            ['cash', '20'],
          ],
        },
      },
      'Still to go back: card 60.00, cash 10.00.',
    ],
    [
      'a method that nothing was paid by',
      { ...split, asked: { payments: [['upi']] } },
      '/payments/0/amount: 100.00 by upi is more',
    ],
    [
      'too little in all',
      {
        ...split,
        asked: {
          payments: [
            ['card', '50'],
            ['cash', '40'],
          ],
        },
      },
      '/payments: 100.00 goes back by this refund, but its payments come to 90.00. In cash, the others leave 50.00.',
    ],
    [
      'too much in all',
      {
        ...split,
        asked: {
          payments: [
            ['card', '60'],
            ['upi', '50'],
          ],
        },
      },
      'its payments come to 110.00. Leave the amount of one method out',
    ],
    [
      'coins that do not exist',
      { ...split, goods: '24.98', isLast: false, asked: { payments: [['cash', '10.02'], ['card']] } },
      '/payments/0/amount: Cash goes back in multiples of 0.05, which 10.02 is not. Send 10.00 or 10.05.',
    ],
    [
      'one method twice',
      { ...split, asked: { payments: [['card', '50'], ['card']] } },
      '/payments/1/method: The method of payment 2 stands twice',
    ],
    [
      'more than was paid and has not gone back',
      { total: '100.00', paid: [['card', '60.00']], goods: '100.00', asked: {} },
      'This comes to 100.00, but only 60.00 was paid and not given back yet.',
    ],
    ['two that take the rest', { ...split, asked: { payments: [['card'], ['cash']] } }, '/payments/1/amount'],
    [
      'money for what is owed',
      {
        total: '100.00',
        paid: [['cash', '10.00']],
        goods: '50.00',
        isOwed: true,
        isLast: false,
        asked: { payments: [['cash', '10']] },
      },
      '/payments: No money goes back by this refund: it lowers what is owed. Leave payments out.',
    ],
    [
      'less by the others than there is, though one may take the rest',
      { ...split, asked: { payments: [['cash', '110.00'], ['card']] } },
      '/payments: 100.00 goes back by this refund, but its payments come to 110.00. Nothing is left for card: send less by the others.',
    ],
    [
      'nothing left for the one that takes the rest',
      { ...split, goods: '40.00', isLast: false, asked: { payments: [['cash', '40.00'], ['card']] } },
      '/payments: 40.00 goes back by this refund, and its payments come to 40.00. Nothing is left for card: leave it out, or send less by the others.',
    ],
    [
      'money for an order of 0.00',
      { total: '0.00', paid: [], goods: '0.00', asked: { payments: [['cash', '10']] } },
      '/payments: No money goes back by this refund. Leave payments out.',
    ],
    [
      'more by card than there is, with cash to take the rest',
      { ...split, asked: { payments: [['card', '110.00'], ['cash']] } },
      'Nothing is left for cash: send less by the others.',
    ],
    [
      'an amount of cash where the card leaves less than a coin',
      {
        ...split,
        goods: '24.98',
        isLast: false,
        asked: {
          payments: [
            ['card', '24.97'],
            ['cash', '0.05'],
          ],
        },
      },
      'The others leave no coin: leave the amount of cash out.',
    ],
    [
      'cash that would leave the card nothing when rounded up',
      { ...split, goods: '24.98', isLast: false, asked: { payments: [['cash', '24.97'], ['card']] } },
      'which 24.97 is not. Send 24.95.',
    ],
    ['no method, where there were two', { ...split, asked: {} }, '/method'],
  ];
  for (const [name, given, says] of refusals) {
    it(`refuses ${name}`, () => expect(refusalOf(given)).to.include(says));
  }

  describe('with its tips', () => {
    const tipped: Pick<Case, 'total' | 'paid' | 'goods'> = {
      total: '100.00',
      paid: [
        ['card', '60.00', '3.03'],
        ['cash', '40.00', '2.00'],
      ],
      goods: '100.00',
    };

    it('gives each back the way it came', () => {
      const asked = {
        withTip: true,
        payments: [
          ['card', '60'],
          ['cash', '40'],
        ],
      } satisfies Case['asked'];
      expect(shown({ ...tipped, asked })).to.deep.equal(['card 60.00 3.03', 'cash 40.00 2.00']);
      expect(refund({ ...tipped, asked }).totalMinor, 'no part of the total').to.equal(10_000);
    });

    it('gives all back by one method, in coins where that is cash', () => {
      expect(shown({ ...tipped, asked: { withTip: true, method: 'cash' } })).to.deep.equal([
        'cash 100.00 5.05',
      ]);
      expect(shown({ ...tipped, asked: { withTip: true, method: 'upi' } })).to.deep.equal([
        'upi 100.00 5.03',
      ]);
    });

    it('keeps them unless it is asked for', () => {
      expect(shown({ ...tipped, asked: { method: 'cash' } })).to.deep.equal(['cash 100.00']);
    });

    // How the order was paid, with its tips → what is named → what goes back.
    const apart: [name: string, paid: Share[], payments: [string, string?][], back: string[]][] = [
      [
        'by UPI, of goods by card',
        [
          ['card', '100'],
          ['upi', '0', '10'],
        ],
        [['card', '100'], ['upi']],
        ['card 100.00', 'upi 0.00 10.00'],
      ],
      [
        'the same, without amounts',
        [
          ['card', '100'],
          ['upi', '0', '10'],
        ],
        [['card'], ['upi']],
        ['card 100.00', 'upi 0.00 10.00'],
      ],
      [
        'by card, of goods in cash',
        [
          ['cash', '100'],
          ['card', '0', '10'],
        ],
        [['cash', '100'], ['card']],
        ['cash 100.00', 'card 0.00 10.00'],
      ],
      [
        'the same, without amounts',
        [
          ['cash', '100'],
          ['card', '0', '10'],
        ],
        [['card'], ['cash']],
        ['card 0.00 10.00', 'cash 100.00'],
      ],
      [
        'in cash, of goods by card',
        [
          ['card', '100'],
          ['cash', '0', '10'],
        ],
        [['card'], ['cash']],
        ['card 100.00', 'cash 0.00 10.00'],
      ],
      [
        'by two, of goods by a third',
        [
          ['card', '100'],
          ['upi', '0', '4'],
          ['wallet', '0', '6'],
        ],
        [['upi'], ['wallet'], ['card']],
        ['upi 0.00 4.00', 'wallet 0.00 6.00', 'card 100.00'],
      ],
    ];
    for (const [name, paid, payments, back] of apart) {
      it(`gives back what came ${name}`, () => {
        const given = {
          total: '100.00',
          goods: '100.00',
          paid,
          asked: { withTip: true, payments },
        } satisfies Case;
        expect(shown(given)).to.deep.equal(back);
        expect(refund(given)).to.include({ paidOutMinor: 10_000, totalMinor: 10_000 });
      });
    }

    it('gives no goods back by a method that paid only a tip', () => {
      const paid: Share[] = [
        ['card', '100'],
        ['upi', '0', '10'],
      ];
      const asked = { withTip: true, payments: [['card', '60'], ['upi']] } satisfies Case['asked'];
      const given = { total: '100.00', goods: '100.00', paid, asked };
      expect(refusalOf(given)).to.include('40.00 by upi is more than was paid by it');
      const untipped = { ...given, asked: { payments: [['card', '100'], ['upi']] } } satisfies Case;
      expect(refusalOf(untipped)).to.include('/payments: 100.00 goes back');
    });

    it('refuses them with a part, with an order that is owed, and by a method that did not take them', () => {
      const part = {
        ...tipped,
        goods: '50.00',
        isLast: false,
        asked: { withTip: true, method: 'cash' },
      } satisfies Case;
      expect(refusalOf(part)).to.include('/withTip: Tips go back only with the last of a paid order');
      expect(refusalOf({ ...tipped, isOwed: true, asked: { withTip: true, method: 'cash' } })).to.include(
        '/withTip',
      );
      const other = {
        withTip: true,
        payments: [
          ['cash', '40'],
          ['upi', '60'],
        ],
        anyMethod: true,
      } satisfies Case['asked'];
      expect(refusalOf({ ...tipped, asked: other })).to.include(
        '/withTip: A tip of 3.03 was paid by card: name card in payments, too.',
      );
    });
  });
});
