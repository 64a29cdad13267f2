/* SPDX-License-Identifier: Apache-2.0 */
/* main: the suite on any device that this build has. */
#include "tests/conformance/conformance.h"

int main(int argc, char **argv)
{
    return conf_main(argc, argv);
}
