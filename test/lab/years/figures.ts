// What must be 0 after ten years, each with what it would mean.

export const zeros = {
  tooLong: 'kept too long',
  tooEarly: 'deleted or anonymised too early, or otherwise than its operation says',
  lapsed: 'a recipient left with a yes a minute after it had lapsed',
  objected: 'a yes told, or left with a recipient, of a person who took it back',
  incomplete: 'a request closed though something of it was open',
  term: 'a request whose term was forgotten',
  restricted: 'restricted, and something happened to it',
  inactive: 'relayed after two years without a sign',
  erased: 'told to somebody after its erasure',
  remains: 'an address left of somebody who is gone',
  ended: 'taken in though its time was over',
  lost: 'handed in, and neither taken in nor refused for a reason that holds, or not received',
  log: 'the log does not verify',
  broken: 'something of the product broke',
} as const;
export type Zero = keyof typeof zeros;

export type Finder = (zero: Zero, what: string) => void;

export function createFindings(): {
  readonly find: Finder;
  readonly all: () => Readonly<Record<string, readonly string[]>>;
} {
  const found = new Map<Zero, string[]>();
  return {
    find: (zero, what) => void found.set(zero, [...(found.get(zero) ?? []), what]),
    all: () =>
      Object.fromEntries(
        Object.entries(zeros).map(([zero, words]) => [words, found.get(zero as Zero) ?? []]),
      ),
  };
}
