import { expect } from 'chai';
import {
  mapColumns,
  parseColumns,
  productFields,
  requireColumns,
  type SalesField,
  salesFields,
} from '../../../src/core/imports/columns.ts';
import { problemOf } from './support.ts';

/** Field → name of its column, in the order of the header. */
function guess(header: string, chosen?: Record<string, string>): Record<string, string> {
  const names = header.split(',');
  const { columns } = mapColumns(names, salesFields, chosen);
  const found = Object.entries(columns).sort(([, a], [, b]) => a - b);
  return Object.fromEntries(found.map(([field, index]) => [field, names[index] as string]));
}

const refusal = async (work: () => unknown) => (await problemOf(Promise.resolve().then(work))).detail;

describe('finding the columns', () => {
  // Headers of files that people have published.
  const files: [what: string, header: string, expected: Partial<Record<SalesField, string>>][] = [
    [
      'a pizza place',
      'order_id,date,time,sku,pizza_name,size,category,quantity,unit_price',
      {
        order: 'order_id',
        date: 'date',
        time: 'time',
        sku: 'sku',
        product: 'pizza_name',
        variant: 'size',
        category: 'category',
        quantity: 'quantity',
        price: 'unit_price',
      },
    ],
    [
      'UCI Online Retail',
      'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
      {
        order: 'InvoiceNo',
        sku: 'StockCode',
        product: 'Description',
        quantity: 'Quantity',
        date: 'InvoiceDate',
        price: 'UnitPrice',
        customer: 'CustomerID',
      },
    ],
    [
      'a French bakery',
      ',date,time,ticket_number,article,Quantity,unit_price',
      {
        date: 'date',
        time: 'time',
        order: 'ticket_number',
        product: 'article',
        quantity: 'Quantity',
        price: 'unit_price',
      },
    ],
    [
      'Maven coffee shop',
      'transaction_id,transaction_date,transaction_time,transaction_qty,store_id,store_location,product_id,unit_price,product_category,product_type,product_detail',
      {
        order: 'transaction_id',
        date: 'transaction_date',
        time: 'transaction_time',
        quantity: 'transaction_qty',
        sku: 'product_id',
        price: 'unit_price',
        category: 'product_category',
        product: 'product_detail',
      },
    ],
    [
      'Indian fast food',
      'order_id,date,item_name,item_type,item_price,quantity,transaction_amount,transaction_type,received_by,time_of_sale',
      {
        order: 'order_id',
        date: 'date',
        product: 'item_name',
        category: 'item_type',
        price: 'item_price',
        quantity: 'quantity',
        total: 'transaction_amount',
        payment: 'transaction_type',
        time: 'time_of_sale',
      },
    ],
    [
      'Square',
      'Date,Time,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Transaction ID',
      {
        date: 'Date',
        time: 'Time',
        category: 'Category',
        product: 'Item',
        quantity: 'Qty',
        variant: 'Price Point Name',
        sku: 'SKU',
        total: 'Gross Sales',
        order: 'Transaction ID',
      },
    ],
    [
      'a German till',
      'Datum,Uhrzeit,Belegnummer,Artikel,Warengruppe,Menge,Einzelpreis,Zahlungsart',
      {
        date: 'Datum',
        time: 'Uhrzeit',
        order: 'Belegnummer',
        product: 'Artikel',
        category: 'Warengruppe',
        quantity: 'Menge',
        price: 'Einzelpreis',
        payment: 'Zahlungsart',
      },
    ],
    [
      'names of people, which are no products',
      'Customer Name,Cashier Name,Cake Name,Date,QTY,PRICE EACH',
      { customer: 'Customer Name', product: 'Cake Name', date: 'Date', quantity: 'QTY', price: 'PRICE EACH' },
    ],
  ];
  for (const [what, header, expected] of files) {
    it(`guesses those of ${what}`, () => {
      expect(guess(header)).to.deep.equal(expected);
    });
  }

  it('does what it is told, and guesses the rest from what is left', () => {
    const header = 'id,when,what,name,quantity,price';
    expect(guess(header, { product: 'what', date: 'WHEN', order: '' })).to.deep.equal({
      date: 'when',
      product: 'what',
      quantity: 'quantity',
      price: 'price',
    });
    expect(guess('date,a,b', { quantity: 'a', product: 'a' })).to.include({ quantity: 'a', product: 'a' });
  });

  it('tells what was guessed from what was chosen', () => {
    const { guessed } = mapColumns(['date', 'time'], salesFields, { date: 'date' });
    expect([...guessed]).to.deep.equal(['time']);
  });

  it('reads field=header, with blanks around', () => {
    expect(parseColumns('order=order_id, date = Date of sale')).to.deep.equal({
      order: 'order_id',
      date: 'Date of sale',
    });
  });

  it('names what there is when told what there is not', async () => {
    const header = ['order_id', '', 'date', 'qty'];
    expect(await refusal(() => mapColumns(header, salesFields, { bill: 'date' }))).to.equal(
      'There is no field "bill". The fields are: order, date, time, sku, product, variant, category, quantity, price, total, payment, customer.',
    );
    expect(await refusal(() => mapColumns(header, salesFields, { date: 'day' }))).to.equal(
      'The file has no column "day". Its columns are: order_id, date, qty.',
    );
    expect(await refusal(() => parseColumns('order=a,date'))).to.match(/^"date" in the columns/);
  });

  it('names what is missing', async () => {
    const header = ['date', 'qty'];
    const { columns } = mapColumns(header, salesFields);
    expect(
      await refusal(() =>
        requireColumns(header, columns, ['date', 'quantity', ['price', 'total'], ['product', 'sku']]),
      ),
    ).to.equal(
      "No column was found for price or total, product or sku. The file's columns are: date, qty. Name it with --columns, as in price=…",
    );
  });

  it('guesses those of a menu', () => {
    const header = ['sku', 'pizza_name', 'size', 'category', 'price', 'ingredients'];
    expect(mapColumns(header, productFields).columns).to.deep.equal({
      sku: 0,
      product: 1,
      variant: 2,
      category: 3,
      price: 4,
      description: 5,
    });
  });
});
