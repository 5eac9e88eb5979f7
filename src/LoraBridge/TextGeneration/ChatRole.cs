namespace LoraBridge.TextGeneration;

/// <summary>The usual roles of a conversation. A role is a plain string: a model's chat template may know others.</summary>
public static class ChatRole
{
    /// <summary>Instructions that hold for the whole conversation.</summary>
    public const string System = "system";

    /// <summary>The person or program that talks to the model.</summary>
    public const string User = "user";

    /// <summary>The model.</summary>
    public const string Assistant = "assistant";

    /// <summary>The result of a tool that the model called.</summary>
    public const string Tool = "tool";
}
