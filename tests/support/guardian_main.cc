// The guardian as a program of its own, for tests whose binary is not assay.
#include "engine/guardian.h"

int main(int argc, char** argv) {
  return assay::guardian_main(argc, argv);
}
