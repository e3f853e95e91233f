// The files of a trial's clients, made from a preset's example.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeClient } from '../../sandbox/trial/mappings.ts';
import { soundPace } from '../../sandbox/trial/pace.ts';

const folder = mkdtempSync(join(tmpdir(), 'relais-trial-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a host that every client of a CRM shares, its token endpoint say, is each client’s own in a trial', () => {
  const { hosts, exampleHosts } = writeClient(folder, soundPace, 'zoho');
  expect(hosts).toEqual(['www-zohoapis-eu.zoho.example', 'accounts-zoho-eu.zoho.example']);
  expect(exampleHosts).toEqual(['www.zohoapis.eu', 'accounts.zoho.eu']);
  const written = readFileSync(join(folder, 'zoho', 'crm.yaml'), 'utf8');
  expect(written).toContain('https://accounts-zoho-eu.zoho.example/oauth/v2/token');
  expect(written).not.toContain('accounts.zoho.eu');
});

test('an address that is a secret is each client’s own too, with the habit’s client beside the sound one', () => {
  const { ownSecrets } = writeClient(folder, soundPace, 'espocrm-lead-capture');
  expect(ownSecrets).toEqual({ CLIENT_CAPTURE_URL: 'ESPOCRM_LEAD_CAPTURE_CAPTURE_URL' });
  const written = readFileSync(join(folder, 'espocrm-lead-capture', 'crm.yaml'), 'utf8');
  expect(written).toContain('secret:ESPOCRM_LEAD_CAPTURE_CAPTURE_URL');
});
