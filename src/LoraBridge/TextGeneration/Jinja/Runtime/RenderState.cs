using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>What one rendering carries along: the output, the current line and what is left of the limits.</summary>
internal sealed class RenderState(JinjaLimits limits)
{
    private long _steps;
    private int _callDepth;

    public TracedTextBuilder Output { get; private set; } = new();

    public int Line { get; private set; }

    public void Step(int line)
    {
        Line = line;
        if (++_steps > limits.MaximumSteps)
            throw new TemplateFault($"gave up after {limits.MaximumSteps} steps");
        RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    public void Write(TracedText text)
    {
        Output.Append(text);
        limits.CheckLength(Output.Length);
    }

    /// <summary>Runs a piece of the template and returns what it wrote.</summary>
    public TracedText Capture(Action body)
    {
        var outer = Output;
        Output = new TracedTextBuilder();
        body();
        var text = Output.ToText();
        Output = outer;
        return text;
    }

    public Value Bounded(Value value)
    {
        if (value is StringValue text)
            limits.CheckLength(text.Traced.Length);
        if (value is ListValue list)
            limits.CheckItems(list.Items.Count);
        return value;
    }

    public T CountCall<T>(string name, Func<T> body)
    {
        if (++_callDepth > limits.MaximumCallDepth)
            throw new TemplateFault($"macro '{name}' is nested more than {limits.MaximumCallDepth} calls deep");
        var result = body();
        _callDepth--;
        return result;
    }
}
