// The integrators' pages on a desk with two versions, a file that differs and texts somebody else could have written.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Browser } from './desk.ts';
import { hostile, type FilledDesk } from './filled.ts';

/** What stands on the disk at the beginning. */
export const mappingText = ({ gateway }: FilledDesk): string =>
  readFileSync(join(gateway.config.mappingsDir, 'essai/crm.yaml'), 'utf8');

const quoted = `'${hostile.replaceAll("'", "''").replaceAll('\u202e', '').replaceAll(/[{}]/g, '')}'`;

/** A field whose name is a script, and a constant of the same. */
export const hostileText = (text: string): string =>
  text.replace('fields:', `fields:\n  - { to: ${quoted}, value: ${quoted} }`);

/** A second version in force, and a third text on the disk. @returns addresses of every page */
export async function mappingPages(desk: FilledDesk, person: Browser): Promise<readonly string[]> {
  const { gateway } = desk;
  const text = mappingText(desk);
  gateway.file('essai/crm.yaml', hostileText(text));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: hostile });
  gateway.file('essai/crm.yaml', text.replace('to: nom,', 'to: name,'));
  gateway.file('essai/mail.yaml', 'destination: essai-mail\nconnector: webhook\n');
  await person.get('/try');
  return [
    '/mappings',
    '/mappings/essai-crm',
    '/mappings/essai-crm/versions/1',
    '/mappings/essai-crm/versions/2',
    '/mappings/essai-crm/draft',
    '/mappings/essai-mail/draft',
    '/mappings/essai-crm/document',
    '/try',
    '/try?destination=essai-crm',
  ];
}

/** Types into the page as a person does, and waits for the answer. */
export async function tryOnPage(page: Page, kind: 'sound' | 'broken'): Promise<void> {
  await page.goto('/try?destination=essai-crm');
  const field = page.locator('textarea[name=mapping]');
  const text = await field.inputValue();
  await field.fill(
    kind === 'sound'
      ? hostileText(text)
      : `${text.replace('to: nom', 'too: nom')}\n${hostile.slice(0, 40)}: 1\n`,
  );
  await Promise.all([page.waitForURL('**/try'), page.locator('button[value=run]').click()]);
}
