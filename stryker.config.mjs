// Mutation testing of what may never be wrong: the opt-in as it is recorded, folded and written.
// Jest of its own: StrykerJS copies the tree, so paths are those of the copy and the tests are named.

export default {
  testRunner: 'jest',
  // Its preprocessor calls an interface TypeScript 7 no longer has; nothing here is compiled by tsc.
  tsconfigFile: 'none.json',
  coverageAnalysis: 'perTest',
  mutate: [
    'src/domain/consent.ts',
    'src/mapping/consent/*.ts',
    'src/mapping/calls/consent-by-call.ts',
    'src/mapping/fields/lines.ts',
  ],
  jest: { projectType: 'custom', configFile: 'stryker.jest.config.mjs', enableFindRelatedTests: false },
  ignorePatterns: ['.relais', 'coverage', 'docs/monitoring'],
  reporters: ['clear-text', 'progress', 'html', 'json'],
  htmlReporter: { fileName: '.relais/mutation/mutation.html' },
  jsonReporter: { fileName: '.relais/mutation/mutation.json' },
  tempDirName: '.relais/stryker',
  // Texts of messages are no logic; regular expressions it mutates into some that cannot be read (\\V).
  mutator: { excludedMutations: ['StringLiteral', 'Regex'] },
  concurrency: 2,
  timeoutMS: 30_000,
  thresholds: { high: 95, low: 90, break: null },
};
