"""Pages of tickets and reports for people, read from the store and the data folder: nothing is changed there."""
