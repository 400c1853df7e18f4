//! Planning, told as whole plans: first the table of the module, then each chapter by itself.

mod adoption;
mod attributes;
mod called_back;
mod groups;
mod inventory;
mod lasting;
mod leavers;
mod lost_key;
mod managers;
mod members;
mod model;
mod order;
mod pinned;
mod quirks;
mod refusals;
mod returns;
mod reversal;
mod skipped;
mod table;
mod unseen;
