// Refused rows beside the leads that lead find and lead show tell of: masked like them, shown after the same entry in the log.
import { maskMail, maskName, maskPhone } from './masking.ts';
import { paris, table } from './table.ts';
import { out, strong } from './terminal.ts';
import type { RefusedPerson } from '../store/refused-rows.ts';

export function listRefused(rows: readonly RefusedPerson[], reveal: boolean): void {
  if (rows.length === 0) return;
  out(strong('\nLignes refusées / refused rows'));
  table(
    ['row', 'client', 'reference', 'received', 'person'],
    rows.map((one) => {
      const show = (value: string | undefined, mask: (text: string | undefined) => string): string =>
        reveal ? (value ?? '-') : mask(value);
      const person = [
        show(one.lastName, maskName),
        show(one.firstName, maskName),
        show(one.email, maskMail),
        show(one.mobile, maskPhone),
        show(one.landline, maskPhone),
      ];
      return [
        one.row,
        named(one.clientId, reveal),
        named(one.reference, reveal),
        paris(one.receivedAt),
        person.filter((value) => value !== '-').join(' '),
      ];
    }),
  );
}

/** Written as nobody may write them, client and reference could be the person. */
const named = (text: string, reveal: boolean): string =>
  reveal || (/^[A-Za-z0-9._-]{1,64}$/.test(text) && !/^[\d._-]{8,}$/.test(text)) ? text : '***';

export const refusedData = (rows: readonly RefusedPerson[], reveal: boolean): readonly object[] =>
  rows.map((one) => ({
    refusedRow: one.row,
    client: named(one.clientId, reveal),
    reference: named(one.reference, reveal),
    receivedAt: one.receivedAt,
  }));
