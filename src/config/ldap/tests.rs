//! The `ldap:` block: what is wrong with it is told at its place.
