import type { Settings, SettingsChange, SettingsValues } from '../../contract/settings.ts';
import { formatPercent } from '../../pricing/index.ts';
import type { Shop } from './shop.entity.ts';

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
  return { ...defaultSettings(shop.currency), ...shop.settings, dayStart: shop.dayStart.slice(0, 5) };
}

/** Applies a change key by key; inside `tax`, `receipt` and `custom` field by field. A null in `custom` removes it. */
export function mergeSettings(current: SettingsValues, change: SettingsChange): SettingsValues {
  const { version: _, ...values } = change;
  return {
    ...current,
    ...values,
    tax: { ...current.tax, ...values.tax },
    receipt: { ...current.receipt, ...values.receipt },
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
  return { ...settings, tax: { ...settings.tax, classes }, version: shop.version };
}
