namespace LoraBridge.TextGeneration.Jinja;

/// <summary>An error inside a template whose line the renderer still has to add.</summary>
internal sealed class TemplateFault(string message) : Exception(message);
