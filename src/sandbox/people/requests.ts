// What invented persons asked for, where they came from, and what was done with them since.
// Invariant: fields are missing as often as in life; an action of the centre is never a sign of life of the prospect.
import type { DemoClient } from './clients.ts';
import { comments } from './names.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';

type Fields = Record<string, string | number | Date | undefined>;

export function inventProject(random: Random, client: DemoClient, person: Person): Fields {
  const budget = random.whole(90, 720) * 1_000;
  const surface = random.whole(18, 140) + random.pick([0, 0.5]);
  const given = (n: number): boolean => random.next() < n;
  return {
    programme: random.pick(client.programmes),
    ...(given(0.85)
      ? {
          housing_type: random.weighted([
            ['apartment', 60],
            ['house', 20],
            ['land', 6],
            ['parking', 5],
            ['commercial', 4],
            ['other', 5],
          ]),
        }
      : {}),
    ...(given(0.7) ? { rooms: random.whole(1, 6) } : {}),
    ...(given(0.5)
      ? { surface_min: surface, ...(given(0.5) ? { surface_max: surface + random.whole(5, 40) } : {}) }
      : {}),
    ...(given(0.75)
      ? {
          housing_use: random.weighted([
            ['main_residence', 55],
            ['rental_investment', 25],
            ['second_home', 10],
            ['resale', 5],
            ['other', 5],
          ]),
        }
      : {}),
    ...(given(0.65)
      ? { budget_max: budget, ...(given(0.3) ? { budget_min: Math.round(budget * 0.8) } : {}) }
      : {}),
    ...(given(0.3) ? { location: `${person.commune.name} ou alentours` } : {}),
    ...(given(0.6) ? { comment: random.pick(comments) } : {}),
    // Said on the phone by some; leaves only where the client's contract and the destination both list it.
    ...(given(0.3)
      ? {
          contribution: random.whole(0, 90) * 1_000,
          reference_tax_income: random.whole(18, 140) * 1_000,
          ...(given(0.5) ? { rent: random.whole(380, 1_900) } : {}),
          ...(given(0.3)
            ? { resale: random.whole(80, 400) * 1_000, tax_bracket: random.pick([11, 30, 41]) }
            : {}),
        }
      : {}),
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
  const origin = random.next() < 0.85 ? random.pick(media) : undefined;
  return {
    ...(origin === undefined
      ? {}
      : { origin_type: origin[0], origin_media: origin[1], origin_support: origin[2] }),
    commune: person.commune.code,
    commune_name: person.commune.name,
    departement: person.commune.departement,
    ...(spoken
      ? {
          talk_started_at: new Date(collectedAt.getTime() - 420_000),
          talk_duration: random.whole(35, 900),
          ...(random.oneIn(3) ? { recording: `enr-${random.whole(100_000, 999_999)}` } : {}),
        }
      : {}),
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
