// How long a value each field of each preset may write: cut or refused by us, by the field's name, before a CRM refuses it.
import { parse } from 'yaml';
import type { Action } from '../../connectors/contract.ts';
import type { Lead } from '../../src/domain/lead.ts';
import type { ApplyResult, CompiledMapping } from '../../src/mapping/contract.ts';
import { isRecord, listAt } from '../../src/mapping/document/yaml.ts';
import { findSource } from '../../src/mapping/fields/source.ts';
import {
  presetNamesIn,
  readPreset,
  readPresetFile,
  type PresetFacts,
} from '../../sandbox/trial/preset-folder.ts';
import { invalid } from '../../sandbox/simulators/espocrm.ts';
import { compiledExample } from './preset-support.ts';
import { lead, mappingsRoot, presetTexts, situation } from './support.ts';

type Raw = Readonly<Record<string, unknown>>;

/** A field as a file writes it, with the action and the call it belongs to. */
interface Line {
  readonly to: string;
  readonly raw: Raw;
  readonly action: Action;
  readonly call?: string;
}

const textAt = (raw: Raw, key: string): string => (typeof raw[key] === 'string' ? raw[key] : '');

/** A target with the parameters of the example in it. */
const named = (to: string, { parameters }: Raw): string =>
  to.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) =>
    isRecord(parameters) ? textAt(parameters, name) || whole : whole,
  );

const exampleOf = (name: string): Raw => parse(readPresetFile(mappingsRoot, name, 'example/crm.yaml')) as Raw;

const holdsOf = (name: string): PresetFacts['holds'] =>
  Object.fromEntries(
    Object.entries(readPreset(mappingsRoot, name).holds).map(([to, most]) => [
      named(to, exampleOf(name)),
      most,
    ]),
  );

/** Every field that writes a value of the lead, by action and call. */
function linesOf(file: Raw): readonly Line[] {
  const actions = { create: file, update: file['update'], erase: file['erase'] } as const;
  return Object.entries(actions).flatMap(([action, block]) => {
    if (!isRecord(block)) return [];
    const parts = [block, ...listAt(block, 'calls').filter(isRecord)];
    return parts.flatMap((part) =>
      [...listAt(part, 'fields'), ...listAt(part, 'consent')].filter(isRecord).map((raw) => ({
        to: named(textAt(raw, 'to'), file),
        raw,
        action: action as Action,
        ...(part === block ? {} : { call: textAt(part, 'name') }),
      })),
    );
  });
}

/** The preset, with the parameters and fields of its example beside it. */
function linesOfPreset(
  name: string,
  mapping = presetTexts[`presets/${name}/mapping.yaml`] ?? '',
): readonly Line[] {
  const whole = parse(mapping) as Raw;
  const example = exampleOf(name);
  const { parameters } = example;
  return [...linesOf({ ...whole, parameters }), ...linesOf(example)];
}

const pathsOf = ({ from, template }: Raw): readonly string[] =>
  typeof from === 'string'
    ? [from]
    : [...(typeof template === 'string' ? template : '').matchAll(/\{\{\s*([\w.]+)/g)].flatMap(
        ([, path]) => path ?? [],
      );

/** Whether its value is as long as who wrote it made it: no number, date or code of ours. */
const isFree = ({ raw }: Line): boolean =>
  !Object.hasOwn(raw, 'map') &&
  (Object.hasOwn(raw, 'line') ||
    pathsOf(raw).some((path) => ['text', 'phone', 'email'].includes(findSource(path)?.type ?? '')));

const maxOf = ({ max }: Raw): number | undefined => {
  const length = isRecord(max) ? max['length'] : max;
  return typeof length === 'number' ? length : undefined;
};

/** Targets of which nothing says how much they take. */
const unlimited = (
  lines: readonly Line[],
  holds: Readonly<Record<string, number | string>>,
): readonly string[] =>
  lines
    .filter((line) => isFree(line) && !Object.hasOwn(holds, line.to) && !Object.hasOwn(holds, '*'))
    .filter(({ raw }) => maxOf(raw) === undefined || Object.hasOwn(raw, 'line'))
    .map(({ to }) => to);

/**
 * A lead whose values at these paths are so many times as long as a lead may have them; all paths when absent, and the others short.
 * What has a form of its own keeps it.
 */
function filled(sign: string, times: number, paths?: readonly string[], programme?: string): Lead {
  const long = (path: string, most: number): number =>
    paths === undefined || paths.includes(path) ? Math.floor(most * times) : Math.ceil(most / 50);
  // A name of nothing but signs that are taken out would be none.
  const text = (path: string, most: number): string => `a${sign.repeat(long(path, most) - 1)}`;
  const phone = (path: string): number =>
    paths?.includes('identity.phone') === true ? long('identity.phone', 4) : long(path, 4);
  const says = {
    purpose: 'marketing',
    state: 'granted',
    recordedAt: new Date('2026-11-20T09:15:00Z'),
  } as const;
  const told = { ...says, legalEntity: 'CLIENT EXEMPLE SAS', wordingVersion: 'w'.repeat(40) };
  return lead({
    reference: 'R'.repeat(long('id', 64)),
    identity: {
      civility: 'ms',
      lastName: text('identity.lastName', 120),
      firstName: text('identity.firstName', 120),
      email: `${'e'.repeat(long('identity.email', 237))}@courriel.example`,
      mobile: `+33639980${'1'.repeat(Math.max(3, phone('identity.mobile')))}`,
      landline: `+33199000${'1'.repeat(Math.max(3, phone('identity.landline')))}`,
      address: {
        line1: text('identity.address.line1', 160),
        postcode: '6'.repeat(long('identity.address.postcode', 12)),
        city: text('identity.address.city', 120),
      },
    },
    project: { programme: programme ?? text('project.programme', 64), comment: text('comment', 10_000) },
    origin: { media: text('origin.media', 64) },
    consents: [
      { ...told, channel: 'email' },
      { ...told, channel: 'phone' },
    ],
  });
}

/** What is written of a lead, with every id that earlier answers would have given. */
function written(
  mapping: CompiledMapping,
  someone: Lead,
  { action, call }: Pick<Line, 'action' | 'call'>,
): ApplyResult {
  const calls = Object.values(mapping.actions).flatMap((plan) => plan.calls ?? []);
  const captured = Object.fromEntries(calls.flatMap((plan) => plan.captures).map((id) => [id, 7]));
  const asked = { action, captured, recipientReference: '7', key: 'd'.repeat(45) };
  return mapping.apply(someone, situation(call === undefined ? asked : { ...asked, call }));
}

const names = presetNamesIn(mappingsRoot);

test.each(names)('%s: every text it writes has a limit, or the preset says why it has none', (name) => {
  expect(unlimited(linesOfPreset(name), holdsOf(name))).toEqual([]);
});

test('a preset without a limit is found', () => {
  const planted = (presetTexts['presets/espocrm/mapping.yaml'] ?? '').replaceAll(
    /,\s*max: \{ length: 100, on: truncate \}/g,
    '',
  );
  const { holds } = readPreset(mappingsRoot, 'espocrm');
  expect(new Set(unlimited(linesOfPreset('espocrm', planted), holds))).toEqual(
    new Set(['lastName', 'firstName', 'addressCity']),
  );
});

describe.each(names)('%s', (name) => {
  const mapping = compiledExample(name);
  const holds = holdsOf(name);
  const lines = linesOfPreset(name).filter(isFree);
  /** The one that the example's list of codes knows, where a programme is looked up in one. */
  const listed = Object.values((exampleOf(name)['maps'] ?? {}) as Raw).flatMap((map) =>
    Object.keys(map as Raw),
  )[0];
  const parts = [...new Map(lines.map((line) => [`${line.action} ${line.call ?? ''}`, line])).values()];

  test.each(['é', '😀'])(
    'what is too long is cut, or refused by its field’s name, and no %s in half',
    (sign) => {
      for (const line of lines) {
        const most = maxOf(line.raw);
        if (most === undefined || Object.hasOwn(line.raw, 'line')) continue;
        const result = written(mapping, filled(sign, 99, pathsOf(line.raw), listed), line);
        if (!result.ok) {
          // A reference that is too long for its own field is refused, wherever else it would have been cut.
          const named = result.why === 'invalid' ? result.problems : [];
          const cuts = isRecord(line.raw['max']) && line.raw['max']['on'] === 'truncate';
          const isNamed = named.some(({ field, code }) => (cuts ? code === 'TOO_LONG' : field === line.to));
          expect([line.to, named, isNamed]).toEqual([line.to, named, true]);
          continue;
        }
        const values = result.record.origins
          .filter(({ field }) => field === line.to)
          .map(({ value }) => value);
        expect([line.to, values.filter((value) => value.length > most || !value.isWellFormed())]).toEqual([
          line.to,
          [],
        ]);
      }
    },
  );

  test.each(['é', '€', '😀'])('the longest lead of %s that is let in fits what each field takes', (sign) => {
    const whole = filled(sign, 1, undefined, listed);
    // A CRM may take a shorter address than we do: then the lead is refused by that field, and the rest of it is looked at without.
    const short = { ...whole, identity: { ...whole.identity, email: 'e@courriel.example' } };
    for (const part of parts) {
      const first = written(mapping, whole, part);
      if (!first.ok) {
        const refused = first.why === 'invalid' ? first.problems : [];
        expect(refused.some(({ field, code }) => code === 'TOO_LONG' && /mail/i.test(field))).toBe(true);
      }
      const result = first.ok ? first : written(mapping, short, part);
      if (!result.ok) throw new Error(JSON.stringify(result));
      for (const { field, value } of result.record.origins) {
        const most = holds[field] ?? holds['*'];
        if (typeof most === 'number')
          expect([field, value.length <= most, most]).toEqual([field, true, most]);
      }
    }
  });

  test('signs that one of its texts must not have are in none of them', () => {
    const asWritten = JSON.stringify(linesOfPreset(name).map(({ raw }) => raw['as']));
    if (!asWritten.includes('4bytes')) return;
    for (const part of parts) {
      const result = written(mapping, filled('😀', 0.2, undefined, listed), part);
      if (!result.ok) throw new Error(JSON.stringify(result));
      const texts = result.record.origins.filter(({ value }) => /[\u{10000}-\u{10FFFF}]/u.test(value));
      expect(texts.map(({ field }) => field)).toEqual([]);
    }
  });
});

test.each(['create', 'update'] as const)(
  'espocrm, %s: a name, postcode or town with markup is taken',
  (action) => {
    const person = filled('é', 0.1);
    const address = { line1: '1 rue <b>', postcode: '<93200', city: 'Saint <Denis> = 93' };
    const someone = {
      ...person,
      identity: { ...person.identity, lastName: 'a<b>', firstName: 'c=d', address },
    };
    const mapping = compiledExample('espocrm');
    const result = written(mapping, someone, { action });
    if (!result.ok) throw new Error(JSON.stringify(result));
    const body = JSON.parse(Buffer.from(mapping.write([result.record], action).bytes).toString()) as Raw;
    expect(body).toMatchObject({ addressPostalCode: '93200', addressCity: 'Saint Denis 93' });
    expect(invalid(body)).toBeUndefined();
    expect(invalid({ ...body, addressCity: address.city })?.status).toBe(400);
  },
);
