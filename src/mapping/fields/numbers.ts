// Writes numbers with the separators a client wants.
// Invariant: no digit is lost silently: without `decimals` every decimal of the value is written.
import type { Both } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import * as says from './formatter-words.ts';
import { asText } from './values.ts';

const optionNames = ['decimal', 'group', 'decimals'];

/** A writer for `{decimal, group, decimals}`, or the message about a mistake. */
export function compileNumber(option: unknown): ((value: number) => string) | Both {
  if (!isRecord(option)) return says.noSeparators;
  const unknown = Object.keys(option).find((key) => !optionNames.includes(key));
  if (unknown !== undefined) return says.noNumberOption(unknown, optionNames);
  const { decimal = '.', group = '', decimals } = option;
  if (typeof decimal !== 'string' || typeof group !== 'string') return says.separatorsAreTexts;
  if (decimal === '' || decimal === group) return says.decimalOfItsOwn;
  if (
    decimals !== undefined &&
    (typeof decimals !== 'number' || !Number.isInteger(decimals) || decimals < 0 || decimals > 6)
  ) {
    return says.noDecimals;
  }
  return (value) => {
    const plain = decimals === undefined ? plainNumber(value) : value.toFixed(decimals);
    const [whole = '', fraction] = plain.split('.');
    const grouped = group === '' ? whole : whole.replaceAll(/\B(?=(\d{3})+$)/g, group);
    return fraction === undefined ? grouped : `${grouped}${decimal}${fraction}`;
  };
}

/** A number without exponent: CRMs do not read 1e21. */
export function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e')
    ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 })
    : text;
}

/** The separators of `number` in French; undefined where they are not written as options. */
export function numberWords(option: unknown): string | undefined {
  if (!isRecord(option)) return undefined;
  const { decimal = '.', group, decimals } = option;
  const parts = [`décimale « ${asText(decimal)} »`];
  if (asText(group) !== '') parts.push(`milliers séparés par « ${asText(group)} »`);
  if (decimals !== undefined) parts.push(`${asText(decimals)} décimale(s)`);
  return `nombre, ${parts.join(', ')}`;
}
