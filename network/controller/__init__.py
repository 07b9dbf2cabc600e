"""What keeps OVN as the database says, and the database as the nodes say."""
