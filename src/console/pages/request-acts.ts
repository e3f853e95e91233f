// Serves an officer's acts on a request from its page: apply, answer, extend, note, lift, close, and the names on its leads.
// Invariant: an irreversible act is confirmed by the number of the request.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PersonName } from '../../domain/person-name.ts';
import type { Selection } from '../../privacy/requests/selection.ts';
import type { Corrections } from '../../privacy/requests/deps.ts';
import { perform, type Asked } from '../../support/acts/act.ts';
import {
  acknowledgeRequest,
  applyRequest,
  closeRequest,
  extendTerm,
  liftRestriction,
  noteAnswered,
  noteInformed,
  prepareAnswer,
  showNames,
} from '../../support/acts/requests.ts';
import { actRoutes, inputOf, offered, type Offered } from '../act-form.ts';
import { field, numberOf, ticked } from '../forms.ts';
import { actingOf } from '../gate.ts';
import type { ConsolePlace } from '../place.ts';
import { refuse } from '../refusals.ts';
import { refusedBy } from '../refused.ts';
import { requestWords as words } from '../words/requests.ts';
import { correctedAtOnce } from './request-forms.ts';
import { requestPage } from './request.ts';
import type { Desk } from './sign-in.ts';

const acts: Readonly<Record<string, Offered>> = {
  apply: offered(applyRequest, undefined, applied),
  extend: offered(extendTerm),
  acknowledge: offered(acknowledgeRequest),
  informed: offered(noteInformed),
  answer: offered(prepareAnswer, undefined, (request) => ({ input: { selection: selectionOf(request) } })),
  answered: offered(noteAnswered),
  lift: offered(liftRestriction),
  close: offered(closeRequest, undefined, (request) => {
    refuseUnconfirmed(request);
    return {};
  }),
};

export function requestActRoutes(server: FastifyInstance, desk: Desk): void {
  actRoutes(server, desk.place, '/requests', acts, (request, reply, { refused }) =>
    requestPage(desk, request, reply, refused),
  );
  server.post('/requests/:id/names', { config: { gate: showNames.permission } }, async (request, reply) => {
    let names: ReadonlyMap<number, PersonName> | undefined;
    const asked = { to: [String(numberOf(request) ?? '')], input: inputOf(showNames, request) };
    const refused = await refusedBy(async () => {
      names = await perform(desk.place, showNames, actingOf(request), asked);
    });
    return requestPage(desk, request, reply, refused, names);
  });
}

const text = (request: FastifyRequest, name: string): string => field(request, name, 1_000).trim();

function refuseUnconfirmed(request: FastifyRequest): void {
  if (text(request, 'number') !== String(numberOf(request) ?? '')) refuse(words.wrongNumber);
}

/** A selection confirmed before continues where it stopped: the boxes are not read again. */
async function applied(request: FastifyRequest, { requests }: ConsolePlace): Promise<Partial<Asked>> {
  refuseUnconfirmed(request);
  const { request: held } = await requests.show(numberOf(request) ?? 0);
  const selection = held.confirmedAt === null ? selectionOf(request) : undefined;
  return { input: { selection, corrections: correctionsOf(request) } };
}

/** `lead:HZ-1` and `row:12`, as the boxes of the page name them. */
function selectionOf(request: FastifyRequest): Selection {
  const chosen = ticked(request, 'subject').map((value) => value.split(/:(.*)/s));
  const of = (kind: string): readonly string[] =>
    chosen.flatMap(([own, name]) => (own === kind && name !== undefined ? [name] : []));
  return { leads: of('lead'), rows: of('row').map(Number) };
}

function correctionsOf(request: FastifyRequest): Corrections {
  const lines = Array.from({ length: correctedAtOnce }, (_, index) => ({
    column: text(request, `field${index + 1}`),
    value: text(request, `value${index + 1}`),
  })).filter(({ column }) => column !== '');
  return {
    values: Object.fromEntries(
      lines.filter(({ value }) => value !== '').map(({ column, value }) => [column, value]),
    ),
    clear: lines.filter(({ value }) => value === '').map(({ column }) => column),
  };
}
