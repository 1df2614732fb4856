// What browsers have and Node 20 has not: loaded before a program that takes it for granted.
import { EventSource } from 'eventsource';

globalThis.EventSource = EventSource;
