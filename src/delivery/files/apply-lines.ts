// Applies the lines of an acknowledgement: each delivery they name gets its own outcome, some hundreds in one transaction.
// Invariant: the first line about a delivery counts. A repetition changes nothing, so that an interrupted reading can start again; a
// contradiction moves nothing, is logged and becomes a task. A line that breaks our code keeps no other from being applied.
import type { ItemAnswer } from '../../../connectors/contract.ts';
import { isEnd } from '../../domain/delivery.ts';
import { namelessCode } from '../../domain/names-in-text.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { raiseBroken, raiseAlerts, alertAbout } from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { lockDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { markSettled } from '../../store/deliveries/delivery-settlements.ts';
import {
  awaitAnew,
  loggedInFiles,
  type NamedDelivery,
  type LoggedInFile,
} from '../../store/files/file-acknowledgements.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { namesOf } from '../../store/people/persons-names.ts';
import { closeAlertsOf } from '../../store/alerts/tasks.ts';
import { bisectRows, isOfNoRow } from '../trip/quarantine.ts';
import { joinEffects, type Effects, reportedEffects } from '../outcome/effects.ts';
import { writeEffects } from '../outcome/write-outcomes.ts';
import type { Published } from '../trip/mapping-cache.ts';
import {
  matched,
  namedIn,
  outcomeOf,
  earlierSense,
  senses,
  fileName,
  type AcknowledgedFile,
  type Line,
  type Sense,
} from './match-lines.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import { isUndecided, resolveIn } from '../outcome/resolve.ts';

export const ackStep = 'ACK_LINES';

interface Applied {
  /** Lines that name no delivery of the file, or none at all. */
  readonly unmatched: number;
  /** Lines whose word is not known. */
  readonly unread: number;
  /** Deliveries that are being asked about at this moment, or that break: their lines are heard at the next reading. */
  readonly busy: number;
  /** Deliveries settled by their lines now: those the recipient has, and those it said no to. */
  readonly taken: readonly number[];
  readonly refused: readonly number[];
}

interface ApplyNeeds {
  readonly database: Database;
  readonly log: Log;
  readonly published: Published;
  readonly random: () => number;
}

export async function applyLines(
  needs: ApplyNeeds,
  file: AcknowledgedFile,
  answers: readonly ItemAnswer[],
): Promise<Applied> {
  try {
    return await needs.database.transaction((tx) => applyIn(tx, needs, file, answers));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    return applyWithoutBroken(needs, file, answers, error);
  }
}

/** Applies the lines without the one that breaks: it raises an alert and is applied at a later reading. */
async function applyWithoutBroken(
  needs: ApplyNeeds,
  file: AcknowledgedFile,
  answers: readonly ItemAnswer[],
  error: unknown,
): Promise<Applied> {
  const { database, log } = needs;
  const places = Map.groupBy(answers.keys(), (place) => answers[place]?.name ?? '');
  // Lines about one lead stay together and in their order: the first word counts.
  const units = [...places].map(([name, ids]) => ({ ids, name }));
  const bisected = await bisectRows(units, async (ids) => [
    await database.transaction((tx) =>
      applyIn(
        tx,
        needs,
        file,
        ids.flatMap((place) => answers[place] ?? []),
      ),
    ),
  ]);
  if (isOfNoRow(bisected)) throw error;
  const { done, broken } = bisected;
  const { clientId, destinationId } = file;
  for (const { unit, error: own } of broken) {
    const [named] = await namedIn(
      database,
      file,
      answers.filter(({ name }) => name === unit.name),
    );
    const deliveryId = named?.id ?? 0;
    const code = foreignCode(own);
    log.error('delivery.broken', { loop: ackStep, destination: destinationId, delivery: deliveryId, code });
    await raiseBroken(database, { clientId, destinationId, deliveryId, step: ackStep, code });
  }
  const sum = (of: (one: Applied) => number): number => done.reduce((all, one) => all + of(one), 0);
  return {
    unmatched: sum(({ unmatched }) => unmatched),
    unread: sum(({ unread }) => unread),
    busy: sum(({ busy }) => busy) + broken.length,
    taken: done.flatMap(({ taken }) => taken),
    refused: done.flatMap(({ refused }) => refused),
  };
}

async function applyIn(
  tx: Sql,
  needs: ApplyNeeds,
  file: AcknowledgedFile,
  answers: readonly ItemAnswer[],
): Promise<Applied> {
  const named = await namedIn(tx, file, answers);
  const logged = Map.groupBy(
    await loggedInFiles(tx, [...new Set(named.map((row) => row.id))]),
    (row) => row.deliveryId,
  );
  const { lines: written, unmatched, unread } = matched(file, answers, named, logged);
  const lines = await withoutNames(tx, written, named);
  const ids = [...new Set(lines.map((line) => line.id))];
  await lockLeads(
    tx,
    named.filter((row) => ids.includes(row.id)).map((row) => row.leadId),
  );
  const rows = new Map((await lockDeliveries(tx, ids)).map((row) => [row.id, row]));
  const heard: AppliedLines = {
    said: new Map(),
    effects: [],
    anew: [],
    decided: [],
    busy: new Set(),
    taken: [],
    refused: [],
  };
  for (const [id, entries] of logged) {
    const before = earlierSense(entries, file);
    if (before !== undefined) heard.said.set(id, before);
  }
  const late: Line[] = [];
  for (const line of lines) {
    const row = rows.get(line.id);
    if (row !== undefined && applyLine(row, line, file, heard, needs) === 'otherwise') late.push(line);
  }
  await write(tx, heard);
  for (const line of late) await applyLateLine(tx, needs.published, file, line, logged.get(line.id) ?? []);
  const { taken, refused } = heard;
  return { unmatched, unread, busy: heard.busy.size, taken, refused };
}

/** A reason that bears the name of the lead's person is kept as OTHER. */
async function withoutNames(
  tx: Sql,
  lines: readonly Line[],
  named: readonly NamedDelivery[],
): Promise<readonly Line[]> {
  const leads = new Map(named.map(({ id, leadId }) => [id, leadId]));
  const actions = new Map(named.map(({ id, action }) => [id, action]));
  const reasoned = lines.filter(({ answer }) => answer.reason !== undefined);
  const persons = await namesOf(
    tx,
    reasoned.flatMap(({ id }) => leads.get(id) ?? []),
  );
  return lines.map((line) => {
    const { reason } = line.answer;
    if (reason === undefined) return line;
    const person = persons.get(leads.get(line.id) ?? 0);
    const code = namelessCode(reason, person, actions.get(line.id) ?? 'create');
    return { ...line, answer: { ...line.answer, reason: code } };
  });
}

interface AppliedLines {
  /** First word about each delivery. */
  readonly said: Map<number, Sense>;
  readonly effects: Effects[];
  /** Deliveries that leave in a later file. */
  readonly anew: number[];
  readonly decided: number[];
  readonly busy: Set<number>;
  readonly taken: number[];
  readonly refused: number[];
}

/** `otherwise`: it has an outcome, from this acknowledgement or by other means. */
function applyLine(
  row: Delivery,
  { says, answer }: Line,
  file: AcknowledgedFile,
  heard: AppliedLines,
  { database, random }: ApplyNeeds,
): 'settled' | 'otherwise' | 'later' {
  if (heard.said.has(row.id) || !file.members.has(row.batchId) || isEnd(row.state)) return 'otherwise';
  if (row.state === 'sending') {
    heard.busy.add(row.id);
    return 'later';
  }
  heard.said.set(row.id, senses[says]);
  // It said that it did not keep it.
  const maybeReceived = says !== 'again' && row.maybeReceived;
  const { policy, connector, mappingVersionId } = file;
  const by = { now: database.now(), random, policy, connector, mappingVersionId };
  const { effects } = reportedEffects({ ...row, maybeReceived }, outcomeOf(says, answer), by);
  heard.decided.push(row.id);
  if (senses[says] === 'has') heard.taken.push(row.id);
  if (senses[says] === 'has_not') heard.refused.push(row.id);
  const settlements = effects.settlements?.map((settled) => ({
    ...settled,
    leaveBatch: true,
    askFirst: false,
  }));
  heard.effects.push({ ...effects, settlements: settlements ?? [] });
  if (says === 'again') heard.anew.push(row.id);
  return 'settled';
}

async function write(tx: Sql, { effects, anew, decided }: AppliedLines): Promise<void> {
  const all = joinEffects(effects);
  await markSettled(tx, all.settlements);
  await awaitAnew(tx, anew);
  // The task of support is answered.
  await closeAlertsOf(tx, decided);
  await writeEffects(tx, all);
}

// Applies a line of an acknowledgement about a delivery that already has an outcome, from an earlier line or by other means.
// Invariant: the first line counts. A contradiction is logged once and is a task; a line about an unknown outcome settles it.

/** A line about a delivery that has an outcome already. */
async function applyLateLine(
  tx: Sql,
  published: Published,
  file: AcknowledgedFile,
  { id, says, answer }: Line,
  logged: readonly LoggedInFile[],
): Promise<void> {
  const [row] = await lockDeliveries(tx, [id]);
  if (row === undefined) return;
  const before = earlierSense(logged, file) ?? (await saidBeforeNow(tx, id, file));
  if (before === senses[says]) return;
  if (before === undefined && isUndecided(row) && says !== 'again') {
    const evidence = `acknowledgement of ${fileName(file)}`;
    await resolveIn(tx, published, id, { actor: 'worker', evidence, received: senses[says] === 'has' });
    return;
  }
  // Ended by other means: a line with the same outcome changes nothing, nor does one about a delivery that is no longer open.
  if (before === undefined && !(row.state === 'delivered' && senses[says] === 'has_not')) return;
  const outcome = outcomeOf(says, answer);
  const isKnown = (await loggedInFiles(tx, [id])).some(
    (entry) => entry.entry === 'late' && entry.batchId === file.id && entry.outcome === outcome.kind,
  );
  if (isKnown) return;
  await appendHandovers(tx, [
    entryAbout(row, 'late', 'worker', {
      batchId: file.id,
      connector: file.connector,
      outcome: outcome.kind,
      reason: 'reason' in outcome ? outcome.reason : '',
    }),
  ]);
  await raiseAlerts(tx, [alertAbout(row, 'ack_contradicts', fileName(file))]);
}

/** By a line of the same transaction. */
const saidBeforeNow = async (tx: Sql, id: number, file: AcknowledgedFile): Promise<Sense | undefined> =>
  earlierSense(await loggedInFiles(tx, [id]), file);
