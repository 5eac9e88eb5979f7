using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LoraBridge.Model;

namespace LoraBridge.Cli.Output;

/// <summary>Writes JSON objects, one a line, without reflection.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an object whose properties <paramref name="properties"/> writes.</summary>
    internal static void WriteLine(TextWriter output, Action<Utf8JsonWriter> properties)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            properties(writer);
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
        output.Flush();
    }

    /// <summary>Writes a number; null where there is none, or none that JSON can express.</summary>
    internal static void WriteFinite(this Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            writer.WriteNumber(name, number);
        else
            writer.WriteNull(name);
    }

    /// <summary>Writes an array of objects.</summary>
    internal static void WriteObjects<T>(this Utf8JsonWriter writer, string name, IEnumerable<T> items, Action<T> properties)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            properties(item);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>Writes an array of texts.</summary>
    internal static void WriteStrings(this Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    /// <summary>Writes what a device left to the CPU.</summary>
    internal static void WriteFallbacks(this Utf8JsonWriter writer, string name, IEnumerable<DeviceFallback> fallbacks) =>
        writer.WriteObjects(name, fallbacks, fallback =>
        {
            writer.WriteString("operation", fallback.Operation);
            writer.WriteNumber("count", fallback.Count);
            writer.WriteString("reason", fallback.Reason);
        });

    /// <summary>The name of an enum value as JSON has it: <c>endOfTurn</c>.</summary>
    internal static string CamelCase(Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
