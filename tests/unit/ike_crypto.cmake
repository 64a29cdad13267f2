# SPDX-License-Identifier: Apache-2.0
# One test a file of ike/core/crypto; vector_file reads tests/vectors.
foreach(file alg prf keymat ke skcipher auth natd local_port evp)
  ioff_unit_test(test_crypto_${file} SOURCES vector_file.c USES ike_crypto)
endforeach()
