// Reasons of alerts in words: no code stands alone where its kind has words for it.
import { alertText } from '../../src/support/alert-words.ts';

test.each([
  ['request_due', '1:overdue', 'demande de droits 1 : en retard', 'request 1: overdue'],
  ['request_due', '12:day_21', 'demande de droits 12 : 21e jour', 'request 12: day 21'],
  [
    'request_recipient',
    '3:day_7',
    'demande de droits 3 : sans réponse au 7e jour',
    'request 3: no answer by day 7',
  ],
  [
    'request_recipient',
    '3:written',
    'demande de droits 3 : destinataire à prévenir par écrit',
    'request 3: recipient to be informed in writing',
  ],
  [
    'intake_failed',
    'SET_ASIDE',
    'ligne reçue : le programme s’est arrêté deux fois',
    'row that came in: the program ended over it twice',
  ],
  [
    'intake_failed',
    'PLANNING:SET_ASIDE',
    'préparation d’un lead : le programme s’est arrêté deux fois',
    'planning of a lead: the program ended over it twice',
  ],
  ['intake_failed', 'PLANNING:SQL_1366', 'préparation d’un lead (SQL_1366)', 'planning of a lead (SQL_1366)'],
  ['file_gap', 'FILE_42', 'fichier n° 42', 'file no. 42'],
  ['ack_lines_unknown', 'FILE_42.STATUS', 'fichier n° 42 (STATUS)', 'file no. 42 (STATUS)'],
  [
    'ack_unreadable',
    'FILE_42.MALFORMED',
    'fichier n° 42 : un guillemet ou un élément n’est pas fermé',
    'file no. 42: a quote or an element is not closed',
  ],
  ['file_held', 'ROWS_90.MISSING_12', '90 leads, 12 en moins', '90 leads, 12 fewer'],
  ['bulk_stuck', 'BULK_RUN_7:SQL_1213', 'traitement groupé 7 (SQL_1213)', 'bulk run 7 (SQL_1213)'],
  ['anomalies_pile_up', 'notice_missing', 'Mention d’information non précisée', 'notice not named'],
  [
    'go_live_incomplete',
    'C49+C50',
    'accueil avec la mention légale, numéro présenté',
    'greeting with the legal notice, number to show',
  ],
  [
    'client_mail_unsent',
    'mail_4:HTTP_500',
    'e-mail 4 : indisponible pour le moment',
    'mail 4: unavailable for the moment',
  ],
  [
    'retention_kept',
    'RIGHT_OPEN:2026-12-14:',
    'échéance dépassée : un droit n’est pas appliqué partout, à régler avant le 14/12/2026',
    'past its day: a right is not through, to be settled by 2026-12-14',
  ],
  [
    'retention_kept',
    'END_MISSING:2026-12-14:JPO-26',
    'opération ponctuelle JPO-26 sans date de fin, à régler avant le 14/12/2026',
    'one-off operation JPO-26 without an end, to be settled by 2026-12-14',
  ],
  [
    'late_arrival',
    'TOLD_AGAIN',
    'l’effacement ou la mise à jour repart',
    'the erasure or update leaves again',
  ],
  ['opt_in_not_kept', 'expired', 'délai maximal dépassé', 'past its maximum age'],
] as const)('%s, %s: %s', (kind, reason, french, english) => {
  expect(alertText(kind, reason)).toEqual([french, english]);
});

test('the hour of a file is the one in Paris', () => {
  expect(alertText('file_late', 'HOUR_2026-11-26T06.00Z')[0]).toMatch(/^fichier du .*07:00/);
});

test('what a kind does not know is shown as it stands', () => {
  expect(alertText('file_late', 'STRANGE.THING')[0]).toBe('STRANGE.THING');
  expect(alertText('request_due', 'x')[0]).toBe('x');
});
