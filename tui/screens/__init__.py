"""One screen each: they show, ask and delegate; nothing here decides or talks to the network."""
