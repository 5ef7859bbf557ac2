/** Component name → the title that tells it from its alternatives. */
export const TITLES: Readonly<Record<string, string>> = {
  SendTextRequest: "Text message",
  SendBinaryRequest: "Binary message",
  SendMediaRequest: "Media message",
  UpdateTextRequest: "Change of a text message",
  UpdateBinaryRequest: "Change of a binary message",
  UpdateMediaRequest: "Change of a media message",
  TextBatch: "Batch of a text message",
  BinaryBatch: "Batch of a binary message",
  MediaBatch: "Batch of a media message",
  InboundText: "Inbound text message",
  InboundBinary: "Inbound binary message",
  InboundMedia: "Inbound media message",
};
