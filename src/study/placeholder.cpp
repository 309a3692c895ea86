// Gives the component a source file until the room fills; delete it then.
