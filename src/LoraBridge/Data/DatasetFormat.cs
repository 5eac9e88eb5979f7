namespace LoraBridge.Finetuning;

/// <summary>The layouts of training files.</summary>
public enum DatasetFormat
{
    /// <summary>Detected: the first readable row of the file decides.</summary>
    Auto,

    /// <summary>Rows <c>{"messages": [{"role": ..., "content": ...}, ...], "tools": [...]}</c>, as OpenAI and TRL write them.</summary>
    ChatMessages,

    /// <summary>Rows <c>{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", "value": ...}]}</c>.</summary>
    ShareGpt,

    /// <summary>Rows <c>{"instruction": ..., "input": ..., "output": ...}</c>; instruction and input become the user's turn.</summary>
    Alpaca,

    /// <summary>
    /// Rows <c>{"prompt": ..., "completion": ...}</c>. Texts are joined as they are; lists of messages go through the chat template.
    /// </summary>
    PromptCompletion,

    /// <summary>Rows <c>{"text": ...}</c>: each row is a document, split into windows of the context length.</summary>
    Text,

    /// <summary>A text file: one document, split into windows of the context length.</summary>
    PlainText,

    /// <summary>Rows <c>{"input_ids": [...], "labels": [...]}</c>; a label of -100 is not trained on, absent labels count every token but the first.</summary>
    Tokens,
}
