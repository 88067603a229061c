"""Does the dashboard serve this machine only, or others too? Others get one workspace and none of the disk."""

from __future__ import annotations

import ipaddress

import streamlit as st


def is_shared() -> bool:
    """Does the server listen to other machines? Then nobody may name folders of this one."""
    address = str(st.get_option("server.address") or "")
    if address == "localhost":
        return False
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:  # none at all means every interface, a name may mean anything
        return True
