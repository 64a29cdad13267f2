/* SPDX-License-Identifier: Apache-2.0 */
/* main_fake: the suite on the fake device, which persists and fills up. */
#include "tests/conformance/conformance.h"

#include "tests/lib/fake_nic.h"

int main(int argc, char **argv)
{
    fake_reset();
    return conf_main(argc, argv);
}
