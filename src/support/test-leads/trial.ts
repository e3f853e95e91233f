// Sends one lead through the real connector for a trial, call after call, like a delivery.
// Invariant: writes no row anywhere: no delivery, no attempt, no hand-over; stops at the first call that is not accepted.
import { randomBytes } from 'node:crypto';
import type {
  Answer,
  Captured,
  Composed,
  Connector,
  Outcome,
  SendContext,
  SheetSection,
} from '../../../connectors/contract.ts';
import type { DataCategory, Lead } from '../../domain/lead.ts';
import { callSituations } from '../../mapping/calls/situations.ts';
import type { ApplyResult, CompiledMapping, WriteSituation } from '../../mapping/contract.ts';
import { isRecord, listAt } from '../../mapping/document/yaml.ts';
import { decode, charsetIn } from '../../mapping/formats/encoding.ts';
import { acceptedAnswer, impliedAnswer } from '../../mapping/response/recorded-answers.ts';
import { singleParcel } from '../../mapping/tools/composed-preview.ts';
import type { TrialRecipient } from './recipient.ts';

export type TrialMessage = { readonly call?: string } & (
  | { readonly kind: 'not made' }
  | { readonly kind: 'not written'; readonly result: Exclude<ApplyResult, { readonly ok: true }> }
  | {
      readonly kind: 'sent';
      /** Secrets masked. */
      readonly composed: Composed;
      readonly mediaType: string;
      /** The body as the recipient reads it. */
      readonly text: string;
      readonly bytes: number;
      readonly sheet?: readonly SheetSection[];
      /** Absent where no HTTP answer came. */
      readonly answer?: Answer;
      /** Source of a local recipient's answer. */
      readonly answeredBy?: 'tests' | 'rules' | 'none';
      readonly outcome: Outcome;
    }
);

export interface TrialInput {
  readonly mapping: CompiledMapping;
  /** The mapping file as data, for the answers that its tests record. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly lead: Lead;
  readonly categories: readonly DataCategory[];
  readonly connector: Connector;
  readonly place: TrialRecipient;
  /** Clock of rendering and sending. */
  readonly now: () => Date;
}

const plainYes: Answer = {
  status: 200,
  headers: {},
  mediaType: 'application/json',
  truncated: false,
  text: '{"success":true,"id":"SANDBOX-1"}',
};

const goesOn = (outcome: Outcome): boolean =>
  ['accepted', 'duplicate', 'unconfirmed', 'pending'].includes(outcome.kind);

/** True where every message that had to leave was accepted. */
export const wentWell = (sent: readonly TrialMessage[]): boolean =>
  sent.every(
    (message) => message.kind === 'not made' || (message.kind === 'sent' && goesOn(message.outcome)),
  );

export async function sendTrial(input: TrialInput): Promise<readonly TrialMessage[]> {
  const { mapping, lead, categories } = input;
  const now = input.now();
  const situation: WriteSituation = {
    action: 'create',
    key: `sbx-${randomBytes(10).toString('hex')}`,
    writtenAt: now,
    now,
    categories,
  };
  if (mapping.actions.create?.calls === undefined) return [await sendOne(input, situation)];
  const done: TrialMessage[] = [];
  let captured: Captured = {};
  for (const { call, situation: own } of callSituations(mapping, lead, situation)) {
    const real = { ...own, captured };
    if (!call.applies(lead, real)) {
      done.push({ call: call.name, kind: 'not made' });
      continue;
    }
    const sent = await sendOne(input, real);
    done.push({ call: call.name, ...sent });
    if (sent.kind !== 'sent' || !goesOn(sent.outcome)) break;
    if ('captures' in sent.outcome) captured = { ...captured, ...sent.outcome.captures };
  }
  return done;
}

const rawCall = (whole: TrialInput['whole'], name: string | undefined) =>
  listAt(whole, 'calls')
    .filter(isRecord)
    .find((call) => call['name'] === name);

async function sendOne(
  { mapping, whole, lead, connector, place, now }: TrialInput,
  situation: WriteSituation,
): Promise<TrialMessage> {
  const { call, writtenAt: slot } = situation;
  const result = mapping.apply(lead, situation);
  if (!result.ok) return { kind: 'not written', result };
  // A number of its own: it meets no file of an earlier trial, and uses no number of production's.
  const sequence = Math.floor(slot.getTime() / 1000) % 1_000_000;
  const body = mapping.write(
    [result.record],
    'create',
    mapping.schedule === undefined ? undefined : { sequence, slot, rows: 1 },
    call,
  );
  const parcel = singleParcel(mapping, lead, situation, { ...result.record, body }, sequence);
  const settings = place.settingsOf(call);
  const first = mapping.actions.create?.calls?.[0]?.name;
  const recorded = acceptedAnswer(
    whole,
    call === undefined ? undefined : { name: call, first: call === first },
  );
  const implied = recorded === undefined ? impliedAnswer(whole, rawCall(whole, call)) : undefined;
  place.answerWith?.(recorded ?? implied ?? plainYes);
  let answer: Answer | undefined;
  const context = contextOf({ mapping, place, now }, { action: 'create', call }, (got) => (answer = got));
  const outcome = await connector.send(parcel, settings, context);
  return {
    kind: 'sent',
    composed: connector.compose(parcel, settings),
    mediaType: body.mediaType,
    outcome,
    text: decode(body.bytes, charsetIn(body.mediaType)),
    bytes: body.bytes.length,
    ...(result.record.sheet === undefined ? {} : { sheet: result.record.sheet }),
    ...(answer === undefined ? {} : { answer }),
    ...(place.answerWith !== undefined
      ? { answeredBy: recorded !== undefined ? 'tests' : implied !== undefined ? 'rules' : 'none' }
      : {}),
  };
}

/** @param hear is called with each answer, before it is judged */
export const contextOf = (
  { mapping, place, now }: Pick<TrialInput, 'mapping' | 'place' | 'now'>,
  { action, call }: { readonly action: 'create' | 'erase'; readonly call: string | undefined },
  hear: (answer: Answer) => void = () => undefined,
): SendContext => ({
  classify: (got, stage) => {
    hear(got);
    return mapping.classifyBeside(got, stage, call === undefined ? undefined : { action, name: call });
  },
  secret: (name) => place.secrets(name)[0],
  secrets: place.secrets,
  ...(place.credentials === undefined ? {} : { credentials: place.credentials }),
  allowedTargets: place.allowedTargets,
  network: place.network,
  timeouts: mapping.timeouts,
  signal: AbortSignal.timeout(mapping.timeouts.totalMs + 5_000),
  mayLeave: () => true,
  now: () => now().getTime(),
});
