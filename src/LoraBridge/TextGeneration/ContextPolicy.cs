namespace LoraBridge.TextGeneration;

/// <summary>What happens when a conversation and the room for its answer exceed the context.</summary>
public enum ContextPolicy
{
    /// <summary>
    /// Leave out the oldest exchanges, half of what fits at once, so that the turns that follow only add to what the model has read. A
    /// system turn at the start stays. <see cref="ChatHistory"/> keeps everything.
    /// </summary>
    DropOldest,

    /// <summary>Throw an <see cref="InvalidOperationException"/> that says how many tokens there are, and leave the conversation as it was.</summary>
    Throw,

    /// <summary>
    /// As <see cref="DropOldest"/>, but what stays is moved up in the cache instead of being read again, and an answer that fills the
    /// context goes on in the same way. What was left out still shows through in what stays. Models that cannot do this drop and compute again.
    /// </summary>
    Shift,
}
