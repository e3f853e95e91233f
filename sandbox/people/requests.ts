// Invents the requests of persons: what they asked for, their origin, and the centre's actions since.
// Invariant: fields are missing as often as in life; an action of the centre is never a sign of life of the prospect.
import type { DemoClient } from './clients.ts';
import { comments } from './names.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';

/** Every known column has its key, even without a value: the contract's samples fill the other columns only. */
type Fields = Readonly<Record<string, string | number | Date | undefined>>;

export function inventProject(random: Random, client: DemoClient, person: Person): Fields {
  const maybe = <T>(share: number, invent: () => T): T | undefined =>
    random.next() < share ? invent() : undefined;
  const budget = random.whole(90, 720) * 1_000;
  const surface = random.whole(18, 140) + random.pick([0, 0.5]);
  const programme = random.pick(client.programmes);
  const housingType = maybe(0.85, () => random.weighted(housingTypes));
  const rooms = maybe(0.7, () => random.whole(1, 6));
  const surfaceMin = maybe(0.5, () => surface);
  const surfaceMax =
    surfaceMin === undefined ? undefined : maybe(0.5, () => surfaceMin + random.whole(5, 40));
  const use = maybe(0.75, () => random.weighted(housingUses));
  const budgetMax = maybe(0.65, () => budget);
  const budgetMin = budgetMax === undefined ? undefined : maybe(0.3, () => Math.round(budgetMax * 0.8));
  return {
    programme,
    housing_type: housingType,
    rooms,
    surface_min: surfaceMin,
    surface_max: surfaceMax,
    housing_use: use,
    budget_min: budgetMin,
    budget_max: budgetMax,
    location: maybe(0.3, () => `${person.commune.name} ou alentours`),
    comment: maybe(0.6, () => random.pick(comments)),
    ...inventFinances(random),
  };
}

const housingTypes = [
  ['apartment', 60],
  ['house', 20],
  ['land', 6],
  ['parking', 5],
  ['commercial', 4],
  ['other', 5],
] as const;

const housingUses = [
  ['main_residence', 55],
  ['rental_investment', 25],
  ['second_home', 10],
  ['resale', 5],
  ['other', 5],
] as const;

/** Given on the phone by some persons; sent only where the client's contract and the destination both list it. */
function inventFinances(random: Random): Fields {
  const said = (share: number): boolean => random.next() < share;
  const speaks = said(0.3);
  const contribution = speaks ? random.whole(0, 90) * 1_000 : undefined;
  const income = speaks ? random.whole(18, 140) * 1_000 : undefined;
  const rent = speaks && said(0.5) ? random.whole(380, 1_900) : undefined;
  const owns = speaks && said(0.3);
  return {
    contribution,
    reference_tax_income: income,
    rent,
    resale: owns ? random.whole(80, 400) * 1_000 : undefined,
    tax_bracket: owns ? random.pick([11, 30, 41]) : undefined,
  };
}

const media: readonly (readonly [type: string, media: string, support: string])[] = [
  ['portal', 'seloger', 'annonce 4411'],
  ['portal', 'leboncoin', 'annonce 20931'],
  ['search', 'google_ads', 'campagne neuf-automne'],
  ['press', 'journal local', 'édition du samedi'],
  ['radio', 'radio locale', 'spot 20 s'],
  ['display', 'panneau', "panneau d'entrée de ville"],
];

export function inventOrigin(random: Random, channel: string, collectedAt: Date, person: Person): Fields {
  const spoken = channel !== 'web_form';
  const [type, name, support] = random.next() < 0.85 ? random.pick(media) : [];
  return {
    origin_type: type,
    origin_media: name,
    origin_support: support,
    commune: person.commune.code,
    commune_name: person.commune.name,
    departement: person.commune.departement,
    talk_started_at: spoken ? new Date(collectedAt.getTime() - 420_000) : undefined,
    talk_duration: spoken ? random.whole(35, 900) : undefined,
    recording: spoken && random.oneIn(3) ? `enr-${random.whole(100_000, 999_999)}` : undefined,
  };
}

export interface InteractionEvent {
  readonly kind: string;
  readonly at: string;
  readonly duration?: number;
  readonly voluntary: boolean;
  readonly content?: string;
}

const followUps: readonly Omit<InteractionEvent, 'at'>[] = [
  { kind: 'failed_callback', duration: 25, voluntary: false },
  { kind: 'outbound_call', duration: 312, voluntary: false, content: 'Projet confirmé ; attend les plans.' },
  { kind: 'email_sent', voluntary: false, content: 'Envoi des plans et de la grille de prix.' },
  { kind: 'sms_sent', voluntary: false, content: 'Rappel du rendez-vous.' },
  { kind: 'brochure_sent', voluntary: false },
  { kind: 'invitation_letter', voluntary: false, content: 'Invitation au lancement commercial.' },
  { kind: 'chat', duration: 180, voluntary: true, content: 'Demande si le T2 est encore libre.' },
  { kind: 'social_message', voluntary: true, content: 'Message privé : « toujours disponible ? »' },
  { kind: 'inbound_call', duration: 240, voluntary: true },
  { kind: 'web_form', voluntary: true },
];

export function inventInteractions(
  random: Random,
  channel: string,
  collectedAt: Date,
  now: Date,
): readonly InteractionEvent[] {
  const first =
    channel === 'web_form' ? 'web_form' : channel === 'inbound_call' ? 'inbound_call' : 'outbound_call';
  const events: InteractionEvent[] = [
    {
      kind: first,
      at: collectedAt.toISOString(),
      voluntary: first !== 'outbound_call',
      ...(first === 'web_form' ? {} : { duration: random.whole(40, 600) }),
    },
  ];
  let at = collectedAt.getTime();
  for (
    let left = random.weighted([
      [0, 35],
      [1, 30],
      [2, 20],
      [4, 15],
    ]);
    left > 0;
    left -= 1
  ) {
    at += random.whole(5, 1_440) * 60_000;
    if (at >= now.getTime()) break;
    events.push({ ...random.pick(followUps), at: new Date(at).toISOString() });
  }
  return events;
}
