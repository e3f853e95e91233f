// A circuit's moments are the database's, whatever a worker's host believes the time to be.
import type { Decision } from '../../src/domain/verdict.ts';
import { closedCircuit } from '../../src/domain/breaker.ts';
import type { Attempted } from '../../src/delivery/trip/attempt.ts';
import { moveCircuit, type CircuitWork } from '../../src/delivery/outcome/circuit.ts';

const dayMs = 86_400_000;
const at = Date.parse('2026-11-25T10:00:00Z');
const decision: Decision = {
  verdict: { next: 'retry', afterMs: 1_000, reason: 'destination_held', spend: false, lookup: false },
  signal: 'unauthorized',
  maybeReceived: false,
};
const attempt = (agoMs: number): Attempted =>
  ({
    rows: [{ clientId: 'essai', destinationId: 'essai-crm' }],
    outcome: { kind: 'unauthorized', reason: 'HTTP_401' },
    startedAt: 5_000 - agoMs,
  }) as unknown as Attempted;

afterEach(() => jest.restoreAllMocks());

test.each([-dayMs, 0, dayMs])(
  'a host %i ms off opens a circuit with its probe five seconds from now',
  (off) => {
    jest.spyOn(Date, 'now').mockReturnValue(at + off);
    const circuit: CircuitWork = { now: closedCircuit, changed: false, at, measuredAt: 5_000 };
    expect(moveCircuit(circuit, attempt(200), new Map([[1, decision]])).change).toBe('opened');
    expect(circuit.now).toMatchObject({ openedAt: at, movedAt: at, nextProbeAt: at + 5_000 });
  },
);

test.each([-dayMs, 0, dayMs])(
  'nor does a host %i ms off mistake which attempts began before it opened',
  (off) => {
    jest.spyOn(Date, 'now').mockReturnValue(at + off);
    const open = { ...closedCircuit, state: 'open', movedAt: at - 1_000, nextProbeAt: at - 500 } as const;
    const probe = { ...decision, signal: 'success' } as const;
    const before: CircuitWork = { now: open, changed: false, at, measuredAt: 5_000 };
    moveCircuit(before, attempt(1_500), new Map([[1, probe]]));
    expect(before.now.state).toBe('open');
    const after: CircuitWork = { now: open, changed: false, at, measuredAt: 5_000 };
    moveCircuit(after, attempt(400), new Map([[1, probe]]));
    expect(after.now.state).toBe('ramping');
  },
);
