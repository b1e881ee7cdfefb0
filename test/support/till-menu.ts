/**
 * The menu of every shop; recipes name its items by number. Fractions make roundings of stock and money meet; the last is
 * sold by the piece, so that a fraction of it can only be sold offline.
 */
export const MENU = [
  {
    name: 'Tea',
    price: '33.35',
    category: 'Drinks',
    taxClass: 'food',
    soldBy: 'weight',
    recipe: { 0: '0.125', 1: '1' },
  },
  {
    name: 'Cake',
    price: '70.10',
    category: 'Food',
    taxClass: 'sweet',
    soldBy: 'weight',
    recipe: { 1: '0.5', 2: '0.333' },
  },
  { name: 'Water', price: '20.00', category: 'Drinks', taxClass: 'food', soldBy: 'weight', recipe: {} },
  { name: 'Sample', price: '0.00', category: null, taxClass: null, soldBy: 'weight', recipe: { 0: '0.05' } },
  {
    name: 'Bun',
    price: '45.00',
    category: 'Food',
    taxClass: 'sweet',
    soldBy: 'piece',
    recipe: { 2: '0.05' },
  },
] as const;

export const ITEMS = [
  { name: 'Milk', unit: 'litre', policy: 'deny', cost: '40.00' },
  { name: 'Sugar', unit: 'spoon', policy: 'warn', cost: '0.35' },
  { name: 'Flour', unit: 'kg', policy: 'deny', cost: '28.00' },
] as const;
