// Consent blocks that may not be published (C20).
import { consentStates } from '../../../src/domain/lead.ts';
import { problemsOf, webhook } from '../support.ts';

const name = '- {to: nom, from: identity.lastName}';
const block = (line: string): string => `consent:\n  - ${line}\n`;

describe('C20: a mapping that could let a refusal read as a consent is not published', () => {
  const line = (values: string, to = 'OPTIN', more = ''): string =>
    problemsOf(webhook(name, '', block(`{to: ${to}, channel: email${more}, values: ${values}}`))).join('\n');

  test.each(consentStates.filter((state) => state !== 'granted'))(
    '%s may not be written like granted',
    (state) => {
      const values = { granted: 'X', refused: 'B', not_asked: 'C', withdrawn: 'D', [state]: 'x' };
      expect(line(JSON.stringify(values))).toContain(`MAP-303  "OPTIN" writes ${state} like granted`);
    },
  );

  test.each(consentStates)('%s may not be left out', (state) => {
    const values: Record<string, string> = { granted: 'A', refused: 'B', not_asked: 'C', withdrawn: 'D' };
    delete values[state];
    expect(line(JSON.stringify(values))).toContain('MAP-302');
  });

  test.each([
    'DoNotCall',
    'OptedOut',
    'opt_out',
    'blacklist',
    'donot_mail',
    'no_email',
    'HasOptedOutOfEmail',
    'emailBlacklisted',
    'desinscrit',
  ])('%s is an opt-out: it must be confirmed', (to) => {
    const values = '{granted: false, refused: true, not_asked: true, withdrawn: true}';
    expect(line(values, to)).toContain('MAP-304');
    expect(line(values, to, ', inverted: confirmed')).not.toMatch(/MAP-30[345]/);
  });

  test.each(['OPTIN', 'RGPD_OPTIN', 'accord_email', 'notification', 'nominatif', 'nouveautes'])(
    '%s is no opt-out',
    (to) => {
      expect(line('{granted: O, refused: N, not_asked: N, withdrawn: N}', to)).not.toContain('MAP-304');
    },
  );
});
