// npm run bench -- mapping: the mapping engine beside JSONata doing the same work, in this process.
// Rounds alternate and the medians are compared: absolute figures say more of the machine than of the program.
import { isDeepStrictEqual } from 'node:util';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import jsonata from 'jsonata';
import type { Lead } from '../../../src/domain/lead.ts';
import type { CompiledMapping } from '../../../src/mapping/contract.ts';
import { compiled, situation } from '../../mapping/support.ts';
import { makeLeads, works } from './mapping-work.ts';
import type { Work } from './mapping-work.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const rounds = option('rounds', 7);
const count = option('leads', 2_000);
const wanted = option('at-least', 3);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  cdataPropName: '#cdata',
  format: true,
});
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false });

type Writer = (index: number) => string | Promise<string>;

function ourWriter(mapping: CompiledMapping, leads: readonly Lead[]): Writer {
  const when = situation();
  return (index) => {
    const result = mapping.apply(leads[index] as Lead, when);
    if (!result.ok) throw new Error(result.why);
    return Buffer.from(mapping.write([result.record], 'create').bytes).toString();
  };
}

/** JSONata reads JSON: its leads are parsed once, outside the time. */
function theirWriter(work: Work, leads: readonly Lead[]): Writer {
  const expression = jsonata(work.jsonata);
  const inputs = leads.map((lead) => JSON.parse(JSON.stringify(lead)) as unknown);
  return async (index) => {
    const value: unknown = await expression.evaluate(inputs[index]);
    return work.xml ? builder.build(value) : JSON.stringify(value);
  };
}

async function rate(write: Writer): Promise<number> {
  const startedAt = process.cpuUsage();
  for (let index = 0; index < count; index += 1) {
    const text = write(index);
    if (typeof text !== 'string') await text;
  }
  const { user, system } = process.cpuUsage(startedAt);
  // Seconds of CPU, not of the wall: the machine may be shared.
  return count / ((user + system) / 1e6);
}

async function checkSame(work: Work, ours: Writer, theirs: Writer): Promise<void> {
  for (let index = 0; index < 200; index += 1) {
    const [a, b] = [await ours(index), await theirs(index)];
    const read = (text: string): unknown => (work.xml ? parser.parse(text) : JSON.parse(text));
    const [left, right] = [read(a) as Record<string, unknown>, read(b) as Record<string, unknown>];
    delete left['?xml'];
    if (!isDeepStrictEqual(left, right)) throw new Error(`${work.name}: not the same work.\n${a}\n${b}`);
  }
}

const leads = makeLeads(count);
let enough = true;
console.log(`${count} leads, medians of ${rounds} alternating rounds, leads a second of CPU time\n`);
for (const work of works) {
  const ours = ourWriter(compiled(work.mapping), leads);
  const theirs = theirWriter(work, leads);
  await checkSame(work, ours, theirs);
  const figures: { readonly ours: number; readonly theirs: number }[] = [];
  await rate(ours);
  for (let round = 0; round < rounds; round += 1)
    figures.push({ ours: await rate(ours), theirs: await rate(theirs) });
  const [mine, other] = [median(figures.map((one) => one.ours)), median(figures.map((one) => one.theirs))];
  const times = median(figures.map((one) => one.ours / one.theirs));
  enough &&= times >= wanted;
  const row = [
    work.name.padEnd(32),
    `ours ${Math.round(mine)}`.padEnd(14),
    `JSONata ${Math.round(other)}`.padEnd(16),
  ];
  console.log(`${row.join(' ')} ${times.toFixed(1)} times as fast`);
}
if (!enough) {
  console.error(`\nLess than ${wanted} times as fast as JSONata.`);
  process.exitCode = 1;
}
