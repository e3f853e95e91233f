// Runs before every test file. What a test waits for comes on a busy machine too, only later: a limit of a test ends one
// that hangs, and measures nothing.
jest.setTimeout(600_000);
