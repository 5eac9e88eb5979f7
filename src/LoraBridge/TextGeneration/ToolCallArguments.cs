using System.Text.Json;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>The arguments of tool calls, which programs hand over as an object or as its JSON text.</summary>
internal static class ToolCallArguments
{
    /// <summary>Brings the arguments of each call into one of the two forms.</summary>
    public static Value Convert(Value calls, bool asObjects)
    {
        if (calls is not ListValue list)
            throw new ChatTemplateException("'tool_calls' must be a JSON array");
        foreach (var call in list.Items.OfType<DictValue>())
        {
            var function = call.Items.GetValueOrDefault(new StringValue("function")) as DictValue ?? call;
            var key = new StringValue("arguments");
            if (function.Items.TryGetValue(key, out var arguments))
                function.Items[key] = Convert(arguments, asObjects, arguments as StringValue);
        }
        return calls;
    }

    private static Value Convert(Value arguments, bool asObjects, StringValue? text)
    {
        if (!asObjects)
            return text ?? new StringValue(JsonText.Write(arguments, indent: null));
        if (text is null)
            return arguments;
        try
        {
            return JsonText.Parse(text.Text);
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
