import { fieldProblem } from '../../contract/problem.ts';

/** Field → header names that mean it, normalised, the surest first. */
export type FieldNames<F extends string> = Readonly<Record<F, readonly string[]>>;
/** Field → position in a row. */
export type ColumnMap<F extends string> = Partial<Record<F, number>>;

const words = (text: string) => text.trim().split(/\s+/);

const shared = {
  sku: words(`sku stockcode productsku itemsku variantsku productcode itemcode articlecode productid itemid articleid
    menuitemid articlenumber itemnumber productnumber pizzaid plu artikelnummer artikelnr code`),
  product:
    words(`product productname item itemname article articlename menuitem menuitemname dish dishname pizzaname
    productdetail description productdescription itemdescription lineitemname artikel artikelname produkt bezeichnung
    designation libelle produit producto articulo name title`),
  variant: words(
    'variant variantname size variation variationname pricepointname option portion groesse grosse taille',
  ),
  category:
    words(`category categoryname productcategory itemcategory menucategory itemtype producttype department
    productgroup itemgroup kategorie warengruppe categorie famille categoria`),
} as const;

/** The surest first within a field; fields in the order in which they take their column. */
export const salesFields = {
  order:
    words(`orderid orderno ordernumber order invoiceno invoicenumber invoiceid invoice billno billnumber billid bill
    ticketnumber ticketno ticketid ticket receiptnumber receiptno receiptid receipt transactionid transactionno
    transactionnumber transaction checknumber checkid saleid salesid bestellnummer belegnummer bonnummer rechnungsnummer`),
  date: words(`date orderdate datetime orderdatetime invoicedate transactiondate transactiondatetime saledate salesdate
    billdate receiptdate ticketdate businessdate timestamp createdat created datum fecha day`),
  time: words(`time ordertime transactiontime saletime billtime invoicetime receipttime tickettime timeofsale uhrzeit
    zeit heure hora`),
  sku: shared.sku,
  product: shared.product,
  variant: shared.variant,
  category: shared.category,
  quantity:
    words(`quantity qty transactionqty itemquantity itemqty orderquantity quantitysold qtysold quantityordered
    unitssold units count menge anzahl quantite qte cantidad`),
  price:
    words(`unitprice price itemprice priceeach priceperunit productprice sellingprice saleprice menuprice rate
    einzelpreis preis prixunitaire prix preciounitario precio`),
  total: words(`linetotal netsales grosssales total totalprice totalamount transactionamount lineamount amount
    extendedprice sales totalsales gesamt gesamtpreis summe betrag montant importe`),
  payment:
    words(`payment paymentmethod paymenttype paymentmode modeofpayment tendertype tender transactiontype paidby
    zahlungsart modepaiement modedepaiement`),
  customer: words('customer customername client clientname customerid guestname kunde'),
} as const;
export type SalesField = keyof typeof salesFields;

export const productFields = {
  sku: shared.sku,
  barcode: words('barcode ean ean13 gtin upc strichcode'),
  product: shared.product.filter(
    (name) => !['description', 'productdescription', 'itemdescription'].includes(name),
  ),
  variant: shared.variant,
  category: shared.category,
  price: [...salesFields.price, 'amount'],
  description: words(
    'description productdescription itemdescription ingredients details beschreibung zutaten',
  ),
  taxClass: words('taxclass taxcategory taxcode tax steuerklasse'),
  hsn: words('hsn hsncode hsnsac sac saccode'),
  /** No other name is guessed: an ignored column of another till must not begin to refuse rows. */
  isActive: words('isactive'),
  soldBy: words('soldby sellby soldper'),
  unit: words(
    'unit uom unitofmeasure unitofmeasurement saleunit salesunit sellingunit einheit mengeneinheit',
  ),
} as const;
export type ProductField = keyof typeof productFields;

/** `unit_price`, `Unit Price` and `UnitPrice` are one. */
const normalise = (name: string) =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

/** `order=order_id,date=date` → `{ order: 'order_id', date: 'date' }`. Throws `invalid_request`. */
export function parseColumns(text: string): Record<string, string> {
  const columns: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw refuse(
        `"${pair}" in the columns is not of the form field=header, as in order=order_id,date=date.`,
      );
    }
    columns[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return columns;
}

/**
 * Finds each field's column: as `chosen` says (field → header; an empty header means that the file has none), and where
 * that is silent by the header's own names. `guessed` tells which were not chosen. Throws `invalid_request` for a field
 * or header that doesn't exist.
 */
export function mapColumns<F extends string>(
  header: string[],
  fields: FieldNames<F>,
  chosen: Record<string, string> = {},
): { columns: ColumnMap<F>; guessed: Set<F> } {
  const columns: ColumnMap<F> = {};
  const guessed = new Set<F>();
  const names = Object.keys(fields) as F[];
  for (const [field, name] of Object.entries(chosen)) {
    if (!isOneOf(names, field))
      throw refuse(`There is no field "${field}". The fields are: ${names.join(', ')}.`);
    if (name !== '') columns[field] = findHeader(header, name);
  }
  const normalised = header.map(normalise);
  const taken = new Set<number | undefined>(Object.values(columns) as number[]);
  for (const field of names.filter((name) => !Object.hasOwn(chosen, name))) {
    const index = guess(normalised, fields[field], field === 'product', taken);
    if (index === undefined) continue;
    columns[field] = index;
    guessed.add(field);
    taken.add(index);
  }
  return { columns, guessed };
}

const isOneOf = <F extends string>(names: F[], name: string): name is F => (names as string[]).includes(name);

function findHeader(header: string[], name: string): number {
  const exact = header.findIndex((each) => each.trim() === name);
  const index = exact >= 0 ? exact : header.findIndex((each) => normalise(each) === normalise(name));
  if (index >= 0 && normalise(name) !== '') return index;
  throw refuse(`The file has no column "${name}". Its columns are: ${listed(header)}.`);
}

const listed = (header: string[]) =>
  header
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .join(', ');

/** Names of people, places and devices: never what was sold. */
const NOT_A_PRODUCT =
  words(`customer client guest cashier staff employee server waiter user seller first last full
  store shop branch location city country device company vendor supplier brand file category payment`);

function guess(
  header: string[],
  names: readonly string[],
  isProduct: boolean,
  taken: Set<number | undefined>,
): number | undefined {
  const free = (index: number) => index >= 0 && !taken.has(index);
  const known = names
    .map((name) => header.findIndex((each, index) => each === name && free(index)))
    .find(free);
  if (known !== undefined || !isProduct) return known;
  // pizza_name, cake name …
  const named = header.findIndex(
    (name, index) =>
      free(index) && name.endsWith('name') && !NOT_A_PRODUCT.some((word) => name.startsWith(word)),
  );
  return free(named) ? named : undefined;
}

/** Throws `invalid_request` unless each of `needed` has a column; an inner list means that one of them is enough. */
export function requireColumns<F extends string>(
  header: string[],
  columns: ColumnMap<F>,
  needed: (F | F[])[],
): void {
  const missing = needed
    .map((each) => (Array.isArray(each) ? each : [each]))
    .filter((any) => any.every((field) => columns[field] === undefined))
    .map((any) => any.join(' or '));
  if (missing.length === 0) return;
  throw refuse(
    `No column was found for ${missing.join(', ')}. The file's columns are: ${listed(header)}. ` +
      `Name it with --columns, as in ${missing[0]?.split(' ')[0]}=…`,
  );
}

const refuse = (detail: string) => fieldProblem('invalid_request', '/columns', detail);
