// fuzz_expect.h: how a fuzz target says what must hold.
#ifndef FUZZ_EXPECT_H
#define FUZZ_EXPECT_H

// Ends the process when a claim fails: under a fuzzer that is a finding, in a test a failure.
void fuzz_expect(int claim);

#endif
