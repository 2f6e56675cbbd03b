"""What a collective can certify from its own members' data alone, before anyone acts."""
