// Secrets in clear in a file whose connector nobody knows, or whose schemas disagree about a key.
import type { JsonSchema } from '../../../connectors/contract.ts';
import { inEnglish, type Report } from '../../../src/mapping/document/problems.ts';
import { reportClearText } from '../../../src/mapping/transport/settings.ts';

const said = (settings: unknown, ...schemas: readonly JsonSchema[]): readonly string[] => {
  const found: string[] = [];
  const error: Report['error'] = (_path, code, message) => void found.push(`${code} ${inEnglish(message)}`);
  reportClearText(settings, (path) => path, { error } as Report, schemas);
  return found;
};
const keyed = (key: string, pattern: string): JsonSchema => ({
  type: 'object',
  properties: { [key]: { type: 'string', pattern } },
});

test('a key that one connector takes in clear and another as a secret is no secret by itself', () => {
  const clear = keyed('room', '^[a-z]+$');
  const secret = keyed('room', '^secret:[A-Z]+$');
  expect(said({ room: 'leads' }, clear, secret)).toEqual([]);
  expect(said({ room: 'leads' }, secret)).toEqual([
    'MAP-404 "room" holds a secret in clear: write secret:NAME.',
  ]);
});

test('where connectors disagree, its name decides', () => {
  const clear = keyed('token', '^[a-z]+$');
  const secret = keyed('token', '^secret:[A-Z]+$');
  expect(said({ token: 'tk' }, clear, secret)).toEqual([
    'MAP-404 "token" holds a secret in clear: write secret:NAME.',
  ]);
});
