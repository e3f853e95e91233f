// Serves the audit pack of a client and a period, as one file (C46).
// Invariant: POSTed, with a reason; the entry of the log is committed before the first byte is sent.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addDays, isCivilDate, startOfDay } from '../../domain/civil-date.ts';
import { html } from '../../privacy/papers/html.ts';
import { parseAnchor } from '../../privacy/verification.ts';
import { auditPack, type AuditPack, type PackAsked } from '../../support/audit-pack/pack.ts';
import { namesInScope } from '../../support/reads/names.ts';
import type { Both } from '../../support/words.ts';
import { nameChoice } from '../choices.ts';
import { dateBox } from '../dates.ts';
import { field } from '../forms.ts';
import { personOf } from '../gate.ts';
import { input } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, refusedNotice, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { frame } from '../words/frame.ts';
import { auditWords, packWords as words } from '../words/privacy.ts';
import type { Desk } from './sign-in.ts';

export function auditPackRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'audit.export' } } as const;
  server.get('/audit/pack', gated, (request, reply) => packPage(desk, request, reply));
  server.post('/audit/pack', gated, async (request, reply) => {
    const asked = packAsked(request);
    if ('problem' in asked) return packPage(desk, request, reply, refusal(asked.problem));
    let pack: AuditPack | undefined;
    const refused = await refusedBy(async () => {
      pack = await auditPack(desk.place, asked);
    });
    if (refused !== undefined || pack === undefined) return packPage(desk, request, reply, refused);
    return reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="${pack.name}"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(pack.bytes);
  });
}

function packAsked(request: FastifyRequest): PackAsked | { readonly problem: Both } {
  const [from, until] = [field(request, 'from').trim(), field(request, 'until').trim()];
  if (!isCivilDate(from) || !isCivilDate(until) || until < from) return { problem: words.badPeriod };
  const typed = field(request, 'anchor').trim();
  const anchor = typed === '' ? undefined : parseAnchor(typed);
  if (typed !== '' && anchor === undefined) return { problem: auditWords.badAnchor };
  const reason = field(request, 'reason', 1_000).trim();
  const problem = reasonProblem(reason);
  if (problem !== undefined) return { problem };
  return {
    clientId: field(request, 'client').trim(),
    from: startOfDay(from),
    until: startOfDay(addDays(until, 1)),
    actor: personOf(request).actor,
    reason,
    anchor,
  };
}

async function packPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: Refused,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  const day = (name: 'from' | 'until', label: Both) =>
    dateBox(name, say(label), say, { value: field(request, name) });
  return show(request, reply, {
    title: say(words.title),
    at: '/audit',
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)}
      <p>${say(words.text)}</p>
      <p>${say(words.proves)}</p>
      <form class="card stack" method="post" action="/audit/pack">
        <div class="grid">
          ${nameChoice('client', say(words.client), clients, {
            value: field(request, 'client'),
            none: say(frame.choose),
            required: true,
          })}
          ${day('from', words.from)} ${day('until', words.until)}
        </div>
        ${input('anchor', say(auditWords.anchor), {
          hint: say(auditWords.anchorHint),
          optional: true,
          value: field(request, 'anchor'),
        })}
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(words.make)}</button>
      </form>`,
  });
}
