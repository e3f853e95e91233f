/** @own-context sets the tracer provider of the process */
// OpenTelemetry: with an SDK beside the program each attempt is a trace; it holds codes only, and the request stays as it is.
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { replay } from '../support/replay.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const exporter = new InMemorySpanExporter();
let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
  trace.disable();
  context.disable();
});

const partsOf = (whole: ReadableSpan): readonly ReadableSpan[] =>
  exporter.getFinishedSpans().filter((one) => one.parentSpanContext?.spanId === whole.spanContext().spanId);
const startOf = (span: ReadableSpan): number => span.startTime[0] * 1e9 + span.startTime[1];
const endOf = (span: ReadableSpan): number => span.endTime[0] * 1e9 + span.endTime[1];

test('each attempt is a trace of its own: the failed one and the one that arrived, their parts one after the other', async () => {
  let calls = 0;
  crm.answer = (_request, response) => {
    calls += 1;
    if (calls === 1) response.writeHead(503).end();
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"success":true,"id":"CRM-secret"}');
  };
  await gateway.send(leadRow('T-1'));
  await gateway.until('waiting', async () => (await gateway.states())[0]?.state === 'waiting');
  await replay(gateway.app, [(await gateway.states())[0]?.id ?? 0], { actor: 'tester', reason: 'again' });
  await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  const finished = (): readonly ReadableSpan[] =>
    exporter.getFinishedSpans().filter((one) => one.name === 'relais.attempt');
  // The row is settled a moment before the trace of its attempt ends.
  await gateway.until('both traces have ended', () => finished().length === 2);
  const wholes = finished();
  expect(wholes.map((one) => one.attributes)).toEqual([
    expect.objectContaining({
      'relais.client': 'essai',
      'relais.destination': 'essai-crm',
      'relais.attempt': 1,
      'relais.outcome': 'unavailable',
      'relais.verdict': 'waiting',
    }),
    expect.objectContaining({
      'relais.attempt': 2,
      'relais.outcome': 'accepted',
      'relais.verdict': 'delivered',
    }),
  ]);
  expect(wholes.map((one) => one.status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
  expect(new Set(wholes.map((one) => one.spanContext().traceId)).size).toBe(2);
  expect(wholes[0]?.attributes['relais.webhook_id']).toBe(crm.received[0]?.headers['webhook-id']);
  for (const whole of wholes) {
    const parts = [...partsOf(whole)].sort((one, other) => startOf(one) - startOf(other));
    expect(parts.map((one) => one.name)).toEqual(
      expect.arrayContaining(['relais.prepare', 'relais.send', 'relais.settle']),
    );
    expect(parts.at(-1)?.name).toBe('relais.settle');
    for (const [index, part] of parts.entries()) {
      expect(startOf(part)).toBe(index === 0 ? startOf(whole) : endOf(parts[index - 1] as ReadableSpan));
    }
    expect(endOf(parts.at(-1) as ReadableSpan)).toBe(endOf(whole));
  }
  const sends = exporter.getFinishedSpans().filter((one) => one.name === 'relais.send');
  expect(sends.map((one) => one.attributes['http.response.status_code'])).toEqual([503, 200]);
});

test('no span holds anything of the prospect or of the answer, and nothing is written into the request', () => {
  const said = JSON.stringify(
    exporter
      .getFinishedSpans()
      .map((one) => [one.name, one.attributes, one.events, one.links, one.status.message]),
  );
  const [body] = crm.received.map((one) => JSON.parse(one.body.toString()) as Record<string, string>);
  const values = Object.values(body ?? {}).filter((value) => value.length > 3);
  expect(values.length).toBeGreaterThanOrEqual(2);
  for (const value of [...values, 'CRM-secret']) expect(said).not.toContain(value);
  for (const request of crm.received) expect(Object.keys(request.headers)).not.toContain('traceparent');
});
