// What never happens to a person's data (C13), and what leaves only where the contract says so (C10).
import fc from 'fast-check';
import type { Lead } from '../../src/domain/lead.ts';
import { channels, sourceModel } from '../../src/domain/lead.ts';
import { frenchLabel } from '../../src/mapping/fields/source.ts';
import { compiled, flow, json, lead, mail, problemsOf, situation, webhook, written } from './support.ts';

test('category_not_authorised: a lead does not leave with data the authorisation does not cover', () => {
  const mapping = compiled(webhook('- {to: n, from: identity.lastName}\n- {to: m, from: origin.media}'));
  expect(mapping.categories.toSorted()).toEqual(['identity', 'statistical']);
  expect(mapping.apply(lead(), situation({ categories: ['identity'] }))).toEqual({
    ok: false,
    why: 'category_not_authorised',
    category: 'statistical',
  });
});

test('C10: financial data needs the contract, and the authorisation again when the lead is written', () => {
  const fields = '- {to: apport, from: financial.contribution}';
  const client = {
    'demo/client.yaml': `id: demo\nname: D\nlegalEntity: D\nhosts: [crm.demo.example]\ncategories: [identity, financial]\ncontacts: {}\n`,
  };
  const mapping = compiled(webhook(fields), client);
  const rich = lead({ financial: { contribution: 20000 } });
  expect(mapping.apply(rich, situation())).toMatchObject({
    why: 'category_not_authorised',
    category: 'financial',
  });
  expect(written(mapping, rich, situation({ categories: ['financial'] }))).toContain('"apport":20000');
  expect(problemsOf(mail('', '- {to: x, template: "{{financial.rent}}"}')).join('\n')).toContain('MAP-403');
  expect(problemsOf(mail('', '- {to: x, value: 1, when: {present: financial.rent}}')).join('\n')).toContain(
    'MAP-403',
  );
});

test('C13: no value of a person is written that the lead does not carry', () => {
  const persons = sourceModel.filter(
    (field) => field.person && field.type !== 'list' && field.category !== 'financial',
  );
  const fields = persons.map((field, index) => `- {to: f${index}, from: ${field.path}}`).join('\n');
  const mapping = compiled(webhook(fields));
  const marker = fc.uuid();
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  const identity = fc.record({
    lastName: maybe(marker),
    firstName: maybe(marker),
    email: maybe(marker),
    mobile: maybe(fc.constant('+33639980001')),
  });
  const project = fc.record({
    comment: maybe(marker),
    location: maybe(marker),
    rooms: maybe(fc.integer({ min: 1, max: 9 })),
  });
  fc.assert(
    fc.property(identity, project, (who, what) => {
      const clean = <T extends object>(value: T): T =>
        Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
      const someone = lead({
        identity: clean(who) as Lead['identity'],
        project: clean(what) as Lead['project'],
        origin: {},
      });
      const carried = new Set(
        [someone.identity, someone.project].flatMap((part) =>
          Object.values(part as Readonly<Record<string, unknown>>),
        ),
      );
      const { OPTIN: _optIn, ...values } = JSON.parse(written(mapping, someone)) as Record<string, unknown>;
      for (const value of Object.values(values)) expect(carried.has(value)).toBe(true);
    }),
  );
  expect(json(fields, lead({ identity: {}, project: {}, origin: {} }))).toEqual({});
});

test("C13: a default is refused for every person's source and allowed for every other", () => {
  for (const field of sourceModel) {
    if (field.type === 'list' || field.path.startsWith('batch.') || field.category === 'financial') continue;
    const text = problemsOf(webhook(`- {to: f, from: ${field.path}, default: x}`)).join('\n');
    expect([field.path, text.includes('MAP-210')]).toEqual([field.path, field.person]);
  }
});

test('C13: caller id does not become a contact number', () => {
  expect(sourceModel.some((field) => /caller/i.test(field.path))).toBe(false);
});

test('every source of the model can be read and every enum has a French word', () => {
  for (const field of sourceModel) {
    const mapping = field.path.startsWith('batch.')
      ? flow('csv: {}', `- {to: f, from: ${field.path}}`)
      : webhook(
          field.type === 'list'
            ? `- {to: f, from: ${field.path}.${field.element?.[0]?.path ?? ''}}`
            : `- {to: f, from: ${field.path}}`,
        );
    if (field.category !== 'financial') expect([field.path, problemsOf(mapping)]).toEqual([field.path, []]);
    for (const source of [field, ...(field.element ?? [])]) {
      for (const value of source.values ?? [])
        expect([source.path, value, frenchLabel(source.path, value)]).not.toEqual([
          source.path,
          value,
          value,
        ]);
    }
  }
  expect(channels.length).toBe(4);
});
