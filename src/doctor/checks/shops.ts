import { TOLERANCE_MS } from '../../core/clock/watch-clock.ts';
import { FORGOTTEN_DAYS, ONLINE_MINUTES } from '../../core/status/read-condition.ts';
import { count, formatMinute } from '../../figures.ts';
import { type Check, check, ok, problem, skipped, warning } from '../check.ts';
import { coveredBy } from '../covered.ts';

/** A server seals what came in each second, and a command's own records with its next start. */
const UNSEALED_MS = 10 * 60_000;
const JUDGED_ELSEWHERE: readonly string[] = Object.values(coveredBy).flat();

export const shopChecks: Check[] = [
  check({
    id: 'shops',
    of: 'shops',
    looksAt: 'whether there is a shop',
    why: 'Nobody can sign in and sell before there is one.',
    judge: ({ shops }) =>
      shops > 0 ? ok(`${count(shops, 'shop')}.`) : problem('There is no shop yet.', '`smoocho init`'),
  }),
  check({
    id: 'owners',
    of: 'shops',
    looksAt: 'whether each shop has an owner who can sign in',
    why: 'Nobody may change its settings or its people.',
    judge({ shops, shopsWithoutOwner, owners }) {
      if (shops === 0) return skipped('There is no shop yet.');
      if (shopsWithoutOwner > 0)
        return problem(
          `${count(shopsWithoutOwner, 'shop')} without an owner who can sign in.`,
          'See who there is, `smoocho user list`, and let an owner in again: `smoocho user enable --email EMAIL`',
        );
      return ok(
        owners === 1
          ? 'One owner; a forgotten password is set anew by smoocho user reset-password.'
          : `${count(owners, 'owner')}.`,
      );
    },
  }),
  check({
    id: 'devices',
    of: 'shops',
    looksAt: 'paired devices that were not seen for long',
    why: 'One that was lost or sold can still call itself a till of yours.',
    judge({ devicesPaired, devicesOnline, devicesForgotten }) {
      if (devicesForgotten > 0)
        return warning(
          `${devicesForgotten} of ${count(devicesPaired, 'paired device')} ${devicesForgotten === 1 ? 'was' : 'were'} not seen for ${FORGOTTEN_DAYS} days.`,
          'See which, `smoocho device list`, and revoke those that are gone: `smoocho device revoke DEVICE`',
        );
      return ok(
        `${count(devicesPaired, 'paired device')}, ${devicesOnline} in use within ${ONLINE_MINUTES} minutes.`,
      );
    },
  }),
  check({
    id: 'orders-to-review',
    of: 'shops',
    looksAt: 'orders of tills that were offline, and differ from what the server knew',
    why: 'They were taken as they were sold; somebody should see whether a price or a stock is wrong.',
    judge: ({ ordersToReview }) =>
      ordersToReview === 0
        ? ok('No order waits to be looked at.')
        : warning(
            `${count(ordersToReview, 'order')} ${ordersToReview === 1 ? 'waits' : 'wait'} for somebody to look.`,
            'See which, `smoocho order list --flagged`, then for each: `smoocho order review ORDER`',
          ),
  }),
  check({
    id: 'open-orders',
    of: 'shops',
    looksAt: 'orders that are still parked from an earlier day',
    why: 'What was eaten and not paid is in no report.',
    judge: ({ oldOpenOrders }) =>
      oldOpenOrders === 0
        ? ok('No order of an earlier day is open.')
        : warning(
            `${count(oldOpenOrders, 'order')} of earlier days ${oldOpenOrders === 1 ? 'is' : 'are'} still open.`,
            'On a till: take the money, or void it with a reason.',
          ),
  }),
  check({
    id: 'open-shifts',
    of: 'shops',
    looksAt: 'drawers that were opened on an earlier day and not counted',
    why: 'The longer a drawer is not counted, the harder it is to find what is missing.',
    judge: ({ oldOpenShifts }) =>
      oldOpenShifts === 0
        ? ok('No drawer of an earlier day is open.')
        : warning(
            `${count(oldOpenShifts, 'drawer')} of earlier days ${oldOpenShifts === 1 ? 'is' : 'are'} still open.`,
            'See which, `smoocho shift list`, and count each on its till.',
          ),
  }),
  check({
    id: 'clock-records',
    of: 'shops',
    looksAt: 'the clock against what was recorded last',
    why: 'New orders get a wrong date, and perhaps a number of another year.',
    judge({ newestRecordAt }, now) {
      if (!newestRecordAt) return skipped('Nothing was recorded yet.');
      return newestRecordAt.getTime() - now.getTime() > TOLERANCE_MS
        ? problem(
            `Something was recorded at ${formatMinute(newestRecordAt)}, which is yet to come.`,
            'Set the clock: `sudo timedatectl set-ntp true`. If it was ahead before and is right now, sell on.',
          )
        : ok('The clock is after all that was recorded.');
    },
  }),
  check({
    id: 'audit-seal',
    of: 'shops',
    looksAt:
      'when the records of who did what were sealed last, and whether the seal is the one that this machine kept',
    why: 'What is not sealed could be changed without a trace.',
    judge({ lastSealAt, unsealedChains, changedChains }, now) {
      if (changedChains > 0)
        return problem(
          `${count(changedChains, 'chain')} of seals ${changedChains === 1 ? 'is' : 'are'} not the one whose end this machine kept.`,
          'See what was changed: `smoocho audit verify`',
        );
      if (!lastSealAt) return skipped('Nothing was sealed yet: a server does that.');
      const at = formatMinute(lastSealAt);
      return unsealedChains > 0 && now.getTime() - lastSealAt.getTime() > UNSEALED_MS
        ? warning(
            `Something came since the last seal, of ${at}.`,
            'A server that runs seals it: `smoocho start`',
          )
        : ok(`Sealed up to ${at}.`);
    },
  }),
  check({
    id: 'books',
    of: 'shops',
    looksAt: 'whether each shop’s feed has as many changes as its counter says',
    why: 'Records are missing, or somebody changed the tables by hand.',
    judge: ({ brokenFeeds }) =>
      brokenFeeds === 0
        ? ok('Feeds and counters agree. The books themselves take longer: smoocho verify')
        : problem(
            `Feed and counter of ${count(brokenFeeds, 'shop')} do not agree.`,
            'Keep a copy of the data as it is, then see what is missing: `smoocho verify`',
          ),
  }),
  check({
    id: 'attention',
    of: 'shops',
    looksAt: 'what the server has found by itself, such as a backup that failed',
    why: 'The server says so until it is mended.',
    judge({ attention }) {
      const open = attention.filter(({ code }) => !JUDGED_ELSEWHERE.includes(code));
      if (open.length === 0) return ok('The server found nothing else.');
      const finding = open.some(({ severity }) => severity === 'problem') ? problem : warning;
      return finding(
        open.map(({ detail }) => detail).join(' '),
        'Do what it says, then see whether it is over: `smoocho status`',
      );
    },
  }),
  check({
    id: 'image-store',
    of: 'images',
    looksAt: 'the store of the pictures: reachable, its bucket there, its folder writable',
    why: 'Devices show no pictures, and none can be added.',
    judge({ store, pictures, problem: fault, hasBucket, isFolderGone, isFolderClosed }) {
      if (fault !== null)
        return problem(
          fault,
          store === 'minio' ? 'Start it, or correct S3_ENDPOINT and its keys.' : '`smoocho images check`',
        );
      if (isFolderGone)
        return problem(
          `The folder of ${count(pictures, 'picture')} is gone.`,
          'Mount or put back the folder images of the home, or restore a backup.',
        );
      if (hasBucket === false)
        return problem(
          'The bucket is not there.',
          'Make it again, and restore a backup. What is missing: `smoocho images check`',
        );
      if (isFolderClosed)
        return problem(
          'The folder images of the home may not be written.',
          'Give it to the user of the server, such as `sudo chown -R smoocho FOLDER`',
        );
      return ok(
        `${count(pictures, 'picture')} in ${store === 'minio' ? 'the bucket' : 'the folder images'}; whether each is whole: smoocho images check`,
      );
    },
  }),
  check({
    id: 'image-setting',
    of: 'images',
    looksAt: 'IMAGE_STORE against where the pictures are',
    why: 'They stay where they are, whatever the setting says.',
    judge: ({ store, otherSetting }) =>
      otherSetting === null
        ? ok('IMAGE_STORE and the pictures agree.')
        : warning(
            `IMAGE_STORE is ${otherSetting}, and the pictures are in ${store}.`,
            `Move them, \`smoocho images move --to ${otherSetting}\`, or correct the setting.`,
          ),
  }),
];
