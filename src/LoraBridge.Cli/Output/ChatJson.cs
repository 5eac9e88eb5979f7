using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Output;

/// <summary>Writes a conversation the way training reads it.</summary>
internal static class ChatJson
{
    internal static void Write(Utf8JsonWriter json, MultiTurnConversation conversation)
    {
        IEnumerable<ChatMessage> messages = conversation.ChatHistory;
        if (!string.IsNullOrEmpty(conversation.SystemPrompt))
            messages = messages.Prepend(new ChatMessage(ChatRole.System, conversation.SystemPrompt));
        json.WriteObjects("messages", messages, message =>
        {
            json.WriteString("role", message.Role);
            json.WriteString("content", message.Content);
        });
    }
}
