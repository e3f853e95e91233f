// The unit tests that speak of the opt-in, as StrykerJS runs them.
import config from './jest.config.mjs';

const [unit] = config.projects;

export default {
  ...unit,
  // The copy stands under .relais, where the other configuration looks for nothing.
  testPathIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: [],
  testMatch: [
    '<rootDir>/test/domain/consent*.unit.test.ts',
    '<rootDir>/test/mapping/consent/*.unit.test.ts',
    '<rootDir>/test/mapping/mistakes.unit.test.ts',
  ],
};
