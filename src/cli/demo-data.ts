import type { NewInventoryItem } from '../contract/inventory.ts';
import type { Role } from '../contract/users.ts';

/** A dessert parlour to try things on: a menu with variants and modifiers, stock with recipes, GST, a staff of three. */

const item =
  (unit: string, quantity: number, cost: number, reorderLevel: number) =>
  (name: string): NewInventoryItem => ({
    name,
    unit,
    // Thousandths and paisa, as the actions take them.
    quantity: quantity * 1000,
    cost: cost * 100,
    reorderLevel: reorderLevel * 1000,
    policy: 'warn',
  });

const staff: { name: string; email: string; role: Role }[] = [
  { name: 'Meera', email: 'manager@demo.example', role: 'manager' },
  { name: 'Ravi', email: 'cashier@demo.example', role: 'cashier' },
];

const sizes = (small: string, large: string) => [
  { name: 'Regular', price: small },
  { name: 'Large', price: large },
];

const toppings = {
  name: 'Toppings',
  min: 0,
  max: 3,
  modifiers: [
    { name: 'Chocolate sauce', price: '20' },
    { name: 'Roasted nuts', price: '30' },
    { name: 'Extra scoop', price: '60' },
  ],
};

/** SAC 9963 31: services provided by restaurants, cafes and the like. */
export const SERVED = { hsn: '996331' };

export const demo = {
  shop: { name: 'Smoocho Dessert Parlour', code: 'DEMO', currency: 'INR', timezone: 'Asia/Kolkata' },
  owner: { name: 'Asha', email: 'owner@demo.example' },
  staff,
  settings: {
    tax: {
      classes: [
        { code: 'restaurant', name: 'Restaurant service', rates: [{ from: '2017-11-15', percent: '5' }] },
        { code: 'packed', name: 'Packed drinks', rates: [{ from: '2017-07-01', percent: '18' }] },
      ],
      defaultClass: 'restaurant',
      state: 'Maharashtra',
    },
    categories: ['Sundaes', 'Scoops', 'Waffles', 'Shakes', 'Coffee', 'Drinks'],
    receipt: { header: 'Smoocho Dessert Parlour', footer: 'Thank you, come again!' },
    upiId: 'demo@upi.example',
  },
  stock: {
    'Vanilla ice cream': item('scoop', 400, 18, 60),
    'Chocolate ice cream': item('scoop', 400, 20, 60),
    Brownie: item('piece', 120, 28, 20),
    'Waffle batter': item('kg', 20, 160, 4),
    Milk: item('l', 60, 56, 10),
    'Coffee beans': item('kg', 6, 900, 1),
    Mango: item('kg', 25, 120, 5),
    'Water bottle': item('bottle', 96, 9, 24),
  },
  menu: [
    {
      name: 'Brownie Sundae',
      price: '180',
      category: 'Sundaes',
      sku: 'SUN-BRW',
      modifierGroups: [toppings],
      stock: { 'Vanilla ice cream': '1', Brownie: '1' },
    },
    {
      name: 'Death by Chocolate',
      price: '220',
      category: 'Sundaes',
      sku: 'SUN-DBC',
      modifierGroups: [toppings],
      stock: { 'Chocolate ice cream': '2', Brownie: '1' },
    },
    {
      name: 'Ice Cream',
      price: '80',
      category: 'Scoops',
      variants: sizes('80', '140'),
      modifierGroups: [toppings],
      stock: { 'Vanilla ice cream': '1' },
    },
    {
      name: 'Chocolate Ice Cream',
      price: '90',
      category: 'Scoops',
      variants: sizes('90', '160'),
      modifierGroups: [toppings],
      stock: { 'Chocolate ice cream': '1' },
    },
    {
      name: 'Belgian Waffle',
      price: '160',
      category: 'Waffles',
      sku: 'WAF-BEL',
      modifierGroups: [toppings],
      stock: { 'Waffle batter': '0.180' },
    },
    {
      name: 'Waffle Sandwich',
      price: '210',
      category: 'Waffles',
      sku: 'WAF-SAN',
      stock: { 'Waffle batter': '0.220', 'Vanilla ice cream': '1' },
    },
    {
      name: 'Mango Shake',
      price: '120',
      category: 'Shakes',
      variants: sizes('120', '170'),
      stock: { Milk: '0.250', Mango: '0.150' },
    },
    {
      name: 'Chocolate Shake',
      price: '130',
      category: 'Shakes',
      variants: sizes('130', '180'),
      stock: { Milk: '0.250', 'Chocolate ice cream': '1' },
    },
    {
      name: 'Cold Coffee',
      price: '110',
      category: 'Coffee',
      sku: 'COF-CLD',
      stock: { Milk: '0.200', 'Coffee beans': '0.018' },
    },
    { name: 'Espresso', price: '70', category: 'Coffee', sku: 'COF-ESP', stock: { 'Coffee beans': '0.009' } },
    {
      name: 'Water',
      price: '20',
      category: 'Drinks',
      sku: 'WATER',
      barcode: '8900000000017',
      taxClass: 'packed',
      hsn: '2201',
      stock: { 'Water bottle': '1' },
    },
  ],
};
