import type { Settings, SettingsChange, SettingsValues } from '../../contract/settings.ts';
import { formatPercent } from '../../pricing/index.ts';
import type { Shop } from './shop.entity.ts';
import { readStoredTax } from './tax-registration.ts';

/** What a new shop starts with. India's fiscal year starts in April and its tax is GST; elsewhere January and plain. */
function defaultSettings(currency: string): Omit<SettingsValues, 'dayStart'> {
  const isIndian = currency === 'INR';
  return {
    tax: {
      mode: 'inclusive',
      split: isIndian ? 'gst' : 'none',
      registrationNumber: '',
      state: '',
      classes: [],
      defaultClass: '',
    },
    fiscalYearStart: isIndian ? '04-01' : '01-01',
    kitchen: { enabled: false },
    serviceCharge: { percent: 0, orderTypes: ['dine_in'] },
    rounding: { to: 'none', when: 'always', mode: 'nearest' },
    discountLimits: { cashier: 20_000, manager: 100_000 },
    shifts: { blindCount: true, anyDrawer: false },
    categories: [],
    country: isIndian ? 'IN' : '',
    stockPolicy: 'warn',
    receipt: { header: '', footer: '' },
    upiId: '',
    currencyDisplay: 'symbol',
    custom: {},
  };
}

type StoredShop = Pick<Shop, 'currency' | 'settings' | 'dayStart'>;

/** A shop's settings: the defaults, with what the shop has changed on top. */
export function settingsOf(shop: StoredShop): SettingsValues {
  const defaults = defaultSettings(shop.currency);
  const stored = { ...defaults, ...shop.settings };
  return {
    ...stored,
    tax: readStoredTax(stored),
    // Settings stored by older versions have fewer fields.
    shifts: { ...defaults.shifts, ...shop.settings?.shifts },
    rounding: { ...defaults.rounding, ...shop.settings?.rounding },
    dayStart: shop.dayStart.slice(0, 5),
  };
}

/** Applies a change key by key; inside groups and `custom` field by field. A null in `custom` removes it. */
export function mergeSettings(current: SettingsValues, change: SettingsChange): SettingsValues {
  const { version: _, ...values } = change;
  return {
    ...current,
    ...values,
    tax: { ...current.tax, ...values.tax },
    receipt: { ...current.receipt, ...values.receipt },
    serviceCharge: { ...current.serviceCharge, ...values.serviceCharge },
    rounding: { ...current.rounding, ...values.rounding },
    discountLimits: { ...current.discountLimits, ...values.discountLimits },
    shifts: { ...current.shifts, ...values.shifts },
    // Devices keep things of their own side by side: one doesn't wipe out another's.
    custom: Object.fromEntries(
      Object.entries({ ...current.custom, ...values.custom }).filter(([, value]) => value !== null),
    ),
  };
}

export function viewSettings(shop: Shop): Settings {
  const settings = settingsOf(shop);
  const classes = settings.tax.classes.map((taxClass) => ({
    ...taxClass,
    rates: taxClass.rates.map((rate) => ({ from: rate.from, percent: formatPercent(rate.percent) })),
  }));
  const { serviceCharge, discountLimits } = settings;
  return {
    ...settings,
    tax: { ...settings.tax, classes },
    serviceCharge: { ...serviceCharge, percent: formatPercent(serviceCharge.percent) },
    discountLimits: {
      cashier: formatPercent(discountLimits.cashier),
      manager: formatPercent(discountLimits.manager),
    },
    version: shop.version,
  };
}
