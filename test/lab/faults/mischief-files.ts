// What happens to servers of files in mid-file, and to tokens: lines that break while a file is being written, tokens taken back.
// Invariant: as everywhere, whatever is broken is mended by whoever broke it.
import { pause, type Mischief } from './scene.ts';
import { sickMoods } from './tokens.ts';

export const files: Readonly<Record<string, Mischief>> = {
  // The server goes down, or the network to it, just when a file is on its way.
  cut_in_mid_file: {
    weight: 3,
    run: async ({ recipients }, random) => {
      const { line, writes } = random.pick(recipients.fileLines);
      const before = writes();
      for (let looks = 0; looks < 400 && writes() === before; looks += 1) await pause(10);
      await pause(random.between(0, 30));
      line.set(random.pick(['shut', 'frozen', 'mute']));
      await pause(random.between(100, 4_000));
      if (random.next() < 0.5) line.cut();
      line.set('open');
    },
  },
  // Storage that commits what was given up long ago, over whatever stands there by then.
  written_late: {
    weight: 1.5,
    run: async ({ recipients }) => {
      recipients.writeLate();
      await Promise.resolve();
    },
  },
  slow_file_lines: {
    weight: 1,
    run: async ({ recipients }, random) => {
      const { line } = random.pick(recipients.fileLines);
      line.delay(random.between(20, 250));
      await pause(random.between(500, 5_000));
      line.delay(0);
    },
  },
  tokens_revoked: {
    weight: 5,
    run: async ({ recipients }) => {
      recipients.tokens.revoke();
      await Promise.resolve();
    },
  },
  tokens_sick: {
    weight: 1.5,
    alone: 'tokens',
    run: async ({ recipients }, random) => {
      const { tokens } = recipients;
      tokens.mood = random.pick(sickMoods);
      await pause(random.between(500, 6_000));
      tokens.mood = 'well';
    },
  },
};
