import { expect } from 'chai';
import { countryCodes, countryName, currencyOf } from '../../src/contract/countries.ts';
import { isoDigits, isUsableCurrency, usableCurrencies } from '../../src/contract/currencies.ts';
import { euVat } from '../../src/contract/eu-vat.ts';
import { parse } from '../../src/contract/parse.ts';
import { SettingsChange } from '../../src/contract/settings.ts';
import { TimeZone } from '../../src/contract/shops.ts';
import { settingsFromTemplate, type taxTemplates, templatesFor } from '../../src/contract/tax-templates.ts';
import { allZones, formerNameOf, machineZone, zonesOf } from '../../src/contract/zones.ts';

const settings = (
  country: string,
  name = templatesFor(country)[0] as keyof typeof taxTemplates,
  rate = '0',
) => parse(SettingsChange, settingsFromTemplate(name, { country, rate }));
const percents = (country: string) =>
  settings(country).tax?.classes?.map(({ code, rates }) => [code, (rates[0]?.percent ?? 0) / 1000]);

describe('countries', () => {
  it('have a name, a currency of ISO 4217, and zones that exist', () => {
    for (const country of countryCodes) {
      expect(countryName(country), country).to.not.equal(country);
      expect(isoDigits(currencyOf(country) as string), country).to.be.a('number');
      for (const zone of zonesOf(country)) expect(TimeZone.safeParse(zone).success, zone).to.equal(true);
    }
    expect(countryCodes).to.have.length(new Set(countryCodes).size).and.to.have.length.above(230);
    expect(usableCurrencies).to.include.members(['INR', 'EUR', 'JPY']).and.not.include('KWD');
    expect(['JPY', 'INR', 'KWD', 'XXX'].map(isUsableCurrency)).to.deep.equal([true, true, false, false]);
  });

  it('show zones by the names of today, the main one first', () => {
    expect(zonesOf('IN')).to.deep.equal(['Asia/Kolkata']);
    expect(zonesOf('US')[0]).to.equal('America/New_York');
    expect(zonesOf('UA')[0]).to.equal('Europe/Kyiv');
    expect(allZones()).to.include.members(['Asia/Kolkata', 'Asia/Kathmandu', 'UTC', 'Europe/Kyiv']);
    expect(allZones()).to.not.include('Asia/Calcutta');
    expect(formerNameOf('America/Atikokan')).to.equal('America/Coral_Harbour');
    expect(formerNameOf('Europe/Berlin')).to.equal(undefined);
    expect(TimeZone.safeParse(machineZone()).success).to.equal(true);
  });
});

describe('tax templates', () => {
  it('are settings as the route takes them, for every country', () => {
    for (const country of countryCodes)
      for (const name of templatesFor(country)) {
        const { tax, country: named } = settings(country, name, '8.875');
        expect(named).to.equal(country);
        const codes = tax?.classes?.map(({ code }) => code) ?? [];
        expect(['', ...codes], `${country} ${name}`).to.include(tax?.defaultClass);
        expect(codes).to.have.length(new Set(codes).size);
      }
  });

  it('have the rates of the law', () => {
    expect(settings('IN').tax).to.include({ split: 'gst', mode: 'inclusive', defaultClass: 'gst-5' });
    expect(percents('IN')).to.deep.equal([
      ['gst-0', 0],
      ['gst-5', 5],
      ['gst-18', 18],
      ['gst-40', 40],
    ]);
    const composition = settings('IN', 'in-composition');
    expect(composition.tax).to.include({ split: 'none', defaultClass: '' });
    expect(composition.receipt?.header).to.include('not eligible to collect tax on supplies');
    expect(percents('FI')).to.deep.equal([
      ['standard', 25.5],
      ['reduced', 13.5],
      ['reduced-2', 10],
      ['zero', 0],
    ]);
    expect(percents('GB')?.map(([, percent]) => percent)).to.deep.equal([20, 5, 0]);
    const us = settings('US', 'sales-tax', '8.875').tax;
    expect([us?.mode, us?.classes?.[0]?.rates[0]?.percent]).to.deep.equal(['exclusive', 8_875]);
    expect(templatesFor('JP')).to.deep.equal(['none', 'sales-tax']);
    // The directive: 27 states, a standard rate of 15 at least, and reduced ones below it, the highest first.
    expect(Object.keys(euVat)).to.have.length(27);
    for (const [country, [standard, ...reduced]] of Object.entries(euVat)) {
      expect(Number(standard), country).to.be.at.least(15);
      const all = [standard, ...reduced].map(Number);
      expect(all, country).to.deep.equal([...all].sort((a, b) => b - a));
    }
  });
});
