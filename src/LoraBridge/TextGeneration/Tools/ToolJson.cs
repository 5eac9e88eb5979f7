using System.Text.Json.Serialization;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>JSON of single values, without reflection.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class ToolJson : JsonSerializerContext;
