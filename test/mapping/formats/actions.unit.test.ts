// Every format carries every action: what leaves on a create, an update, and an erase with and without content.
import { decode } from '../../../src/mapping/formats/encoding.ts';
import type { bodyBlocks } from '../../../src/mapping/contract.ts';
import { compiled, lead, situation, webhook } from '../support.ts';

interface Format {
  readonly block: string;
  readonly name: string;
  readonly optIn?: string;
  readonly fault?: true;
  /** An erase that names nothing has a body all the same: it names the procedure. */
  readonly emptyErase?: RegExp;
}

const formats: Readonly<Record<(typeof bodyBlocks)[number], Format>> = {
  json: { block: 'json: {}', name: 'nom' },
  form: { block: 'form: {}', name: 'nom' },
  multipart: { block: 'multipart: {}', name: 'nom' },
  csv: { block: 'csv: {}', name: 'nom' },
  xml: { block: 'xml: {record: lead}', name: 'lead.nom', optIn: 'lead.optin' },
  soap: {
    block: 'soap: {action: "urn:lead"}\nxml: {record: lead}',
    name: 'lead.nom',
    optIn: 'lead.optin',
    fault: true,
    emptyErase: /<soap\w*:Body>/,
  },
  jsonRpc: {
    block: 'jsonRpc: {method: m}',
    name: 'params.nom',
    optIn: 'params.optin',
    fault: true,
    emptyErase: /"method":"m"/,
  },
  xmlRpc: {
    block: 'xmlRpc: {method: m}',
    name: 'params[0].nom',
    optIn: 'params[0].optin',
    fault: true,
    emptyErase: /<methodName>m</,
  },
};

const consentAt = (to: string): string =>
  `consent:\n  - {to: '${to}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`;

function mappingOf({ block, name, optIn = 'OPTIN', fault }: Format, eraseFields: string): string {
  const rules = fault === undefined ? '' : '\n  - {invalid: {fault: true}}';
  const url = 'https://crm.demo.example/api';
  const more = `${block}
update: {send: {method: PUT, url: ${url}}}
erase: {send: {method: POST, url: "${url}/{reference}"}, fields: [${eraseFields}]}`;
  return webhook(`- {to: '${name}', from: identity.lastName}`, more, consentAt(optIn)).replace(
    /^response: .*$/m,
    `response:\n  - {accepted: {status: 200, header: {x-accepted: "yes"}}}${rules}`,
  );
}

describe.each(Object.entries(formats))('%s', (_name, format) => {
  const sent = (mapping: string, action: 'create' | 'update' | 'erase'): string => {
    const made = compiled(mapping);
    const result = made.apply(lead(), situation({ action, recipientReference: 'C-1' }));
    if (!result.ok) throw new Error(JSON.stringify(result));
    return decode(made.write([result.record], action).bytes, 'utf-8');
  };

  test.each(['create', 'update'] as const)('%s carries the lead and its opt-in', (action) => {
    const text = sent(mappingOf(format, ''), action);
    expect(text).toContain('Durand');
    expect(text).toMatch(/optin/i);
  });

  test('an erase carries its fields and no opt-in', () => {
    const text = sent(mappingOf(format, `{to: '${format.name}', from: id}`), 'erase');
    expect(text).toContain('DM-1');
    expect(text).not.toMatch(/Durand|optin/i);
  });

  test('an erase without fields leaves, with nothing of the lead in it', () => {
    const text = sent(mappingOf(format, ''), 'erase');
    if (format.emptyErase === undefined) expect(text).toBe('');
    else expect(text).toMatch(format.emptyErase);
    expect(text).not.toMatch(/Durand|DM-1|optin/i);
  });
});

test('an erase that names the lead by the recipient’s reference alone is not written without it', () => {
  const erase = `erase: {fields: [{to: id, from: delivery.reference}, {to: action, value: delete}]}`;
  const made = compiled(webhook('- {to: nom, from: identity.lastName}', erase));
  const writes = (recipientReference?: string): unknown =>
    made.apply(
      lead(),
      situation({ action: 'erase', ...(recipientReference === undefined ? {} : { recipientReference }) }),
    );
  expect(writes('C-1')).toMatchObject({ ok: true });
  expect(writes()).toEqual({ ok: false, why: 'capture_missing', capture: 'reference' });
});
