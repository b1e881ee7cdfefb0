import { p, Type } from '@mikro-orm/core';
import { formatMilli, formatMinor } from '../contract/money.ts';

/** numeric text from PostgreSQL ("12.50") to an integer of its smallest unit; the column bounds its digits. */
export const unscale = (text: string) => Number(text.replace('.', ''));

/** numeric(10,2) ↔ minor units. */
class MinorType extends Type<number, string> {
  // The ORM converts null, too, when it compares for changes.
  override convertToDatabaseValue(minor: number | null): string {
    return minor === null ? (null as never) : formatMinor(minor);
  }
  override convertToJSValue(value: string): number {
    return unscale(value);
  }
  override getColumnType(): string {
    return 'numeric(10,2)';
  }
  override compareAsType(): string {
    return 'number';
  }
}

/** numeric(14,2) ↔ minor units, for sums of amounts; may be none. */
class MinorSumType extends MinorType {
  override getColumnType(): string {
    return 'numeric(14,2)';
  }
}

/** numeric(12,3) ↔ thousandths. */
class MilliType extends Type<number, string> {
  override convertToDatabaseValue(milli: number): string {
    return formatMilli(milli);
  }
  override convertToJSValue(value: string): number {
    return unscale(value);
  }
  override getColumnType(): string {
    return 'numeric(12,3)';
  }
  override compareAsType(): string {
    return 'number';
  }
}

/** Column builders that several entities share. */
export const minor = () => p.type(MinorType);
export const minorSum = () => p.type(MinorSumType);
export const milli = () => p.type(MilliType);
export const timestamp = () => p.datetime().columnType('timestamptz');
export const varchar = (length: number) => p.string().length(length);
